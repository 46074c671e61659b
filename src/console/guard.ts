/** What holds for every answer and every action, whatever the page. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Scripts and styles are files of ours; nothing is fetched from, sent to, or framed by another host. */
const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'form-action': "'self'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
};

/** bull-board names its own path as the base of its addresses, and its script adds one style, which this is the digest of. */
export const QUEUES_POLICY = written({
  ...POLICY,
  'base-uri': "'self'",
  'style-src': "'self' 'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='",
});

function written(policy: Readonly<Record<string, string>>): string {
  return Object.entries(policy)
    .map((directive) => directive.join(' '))
    .join('; ');
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': written(POLICY),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Not no-referrer: with it browsers send `Origin: null` with a form.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'cache-control': 'no-store',
};

/** A form without the token of its page: nothing of it is done, and nothing recorded. Thrown by a route that reads its body itself. */
export class StaleForm extends Error {
  override readonly name = 'StaleForm';
}

/** A page of another site has another origin, and a browser always says which with a POST. */
export function isOwnOrigin(headers: Headers, publicUrl: string | undefined): boolean {
  const origin = headers.get('origin');
  if (origin === null || !URL.canParse(origin)) return false;
  if (publicUrl !== undefined && new URL(publicUrl).origin === origin) return true;
  return new URL(origin).host === headers.get('host')?.toLowerCase();
}

/** Known to the browser that has the cookie, and to no other site. It reveals nothing about the cookie. */
export function csrfTokenOf(cookie: string): string {
  return createHash('sha256').update(`fastregister csrf ${cookie}`).digest('base64url');
}

export function isCsrfToken(given: string, cookie: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(csrfTokenOf(cookie))];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A path of this console; anything else, such as `//host`, is the first page. */
export function ownPath(to: string | undefined): string {
  return to !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(to) ? to : '/';
}
