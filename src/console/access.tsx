/** Logging in and out: cookies, the language, and the user of a request. */

import { randomBytes } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Store } from '../app/wiring/store.js';
import { LANGUAGES, type Language } from '../domain/words.js';
import type { ConsoleAudit } from '../redis/console-audit.js';
import type { Accounts } from './accounts.js';
import type { Bindings, ConsoleContext } from './bindings.js';
import { clientOf } from './client.js';
import { csrfTokenOf, isCsrfToken, ownPath } from './guard.js';
import { LOGIN, LoginForm } from './pages/login.js';
import { type ConsolePage, type ViewOptions, type Visit, viewOf } from './visit.js';

/** A visit, and the token of its session, which no page gets to see. */
export type TokenVisit = Visit & { readonly token: string };

interface Shown {
  message(c: ConsoleContext, page: ConsolePage): Promise<Response>;
  formOf(c: ConsoleContext): Promise<FormData | undefined>;
  stale(language: Language): ConsolePage;
}

export interface Access {
  languageOf(c: Context): Language;
  /** Undefined without a session. */
  visitOf(c: ConsoleContext): Promise<TokenVisit | undefined>;
  toLogin(c: ConsoleContext): Response;
  /** Shown once, on the next page. */
  sayNext(c: ConsoleContext, text: string): void;
  saidLast(c: ConsoleContext): string | undefined;
  mount(app: Hono<{ Bindings: Bindings }>, shown: Shown): void;
}

const A_MINUTE_S = 60;
const BUSY_S = 5;
const SESSION_S = 7 * 86_400;
const DEVICE_S = 180 * 86_400;
const LANGUAGE_S = 365 * 86_400;

interface DoorOptions {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly audit: ConsoleAudit;
  readonly leadsTo: ViewOptions['leadsTo'];
}

export function openAccess({ store, accounts, audit, leadsTo }: DoorOptions): Access {
  const { settings } = store;

  const isSecure = (c: ConsoleContext): boolean => clientOf(c.env?.incoming, settings.consoleTrustProxy).isSecure;

  /** Browsers share cookies between the ports of a host: two consoles on one machine have two names. */
  function nameOf(c: ConsoleContext, what: string): string {
    const port = /:(\d+)$/.exec(c.req.header('host') ?? '')?.[1] ?? '';
    return `${isSecure(c) ? '__Host-' : ''}fastregister-${what}${port}`;
  }

  function noteRefused(user: string, address: string): void {
    const entry = { user, action: 'session.refused', subject: address, result: 'refused', detail: '' } as const;
    audit.add({ at: Date.now(), ...entry }).catch((error) => store.log.warn({ err: error }, 'not in the audit'));
  }

  const cookie = (c: ConsoleContext, what: string): string | undefined => getCookie(c, nameOf(c, what));

  function bake(c: ConsoleContext, what: string, value: string, maxAge: number): void {
    setCookie(c, nameOf(c, what), value, { path: '/', httpOnly: true, sameSite: 'Lax', secure: isSecure(c), maxAge });
  }

  function forget(c: ConsoleContext, what: string): void {
    deleteCookie(c, nameOf(c, what), { path: '/', secure: isSecure(c) });
  }

  /** The token with which a form without a session is compared. */
  function strangersToken(c: ConsoleContext): string {
    const known = cookie(c, 'form');
    if (known !== undefined) return known;
    const token = randomBytes(18).toString('base64url');
    bake(c, 'form', token, SESSION_S);
    return token;
  }

  function languageOf(c: Context): Language {
    const chosen = cookie(c as ConsoleContext, 'language');
    return LANGUAGES.find((it) => it === chosen) ?? languageAccepted(c.req.header('accept-language') ?? '');
  }

  async function visitOf(c: ConsoleContext): Promise<TokenVisit | undefined> {
    const token = cookie(c, 'session');
    const found = token === undefined ? undefined : await accounts.find(token);
    if (token === undefined || found === undefined) return undefined;
    c.env?.known?.();
    const { pathname, searchParams: query } = new URL(c.req.url);
    const view = viewOf({ store, language: languageOf(c), role: found.role, params: c.req.param(), query, leadsTo });
    const path = pathname.replace(/^\/live(?=\/|$)/, '') || '/';
    return { ...view, user: found.user, path, csrf: csrfTokenOf(token), request: c.req.raw, token };
  }

  /** Without a session, the token of the form cookie counts. */
  function isGenuine(c: ConsoleContext, form: FormData): boolean {
    const given = String(form.get('csrf') ?? '');
    const tokens = [cookie(c, 'session'), cookie(c, 'form')].filter((it) => it !== undefined);
    return tokens.some((token) => isCsrfToken(given, token));
  }

  return {
    languageOf,
    visitOf,
    toLogin(c) {
      // A page that was asked for is shown afterwards, and so is the page of a form; its action is never done late.
      const isForm = c.req.method === 'POST';
      const to = isForm ? pathOf(c.req.header('referer') ?? '') : pathOf(c.req.url);
      const query = new URLSearchParams({ ...(isForm && { ended: '1' }), ...(to !== '/' && { to }) });
      return c.redirect(query.size > 0 ? `/login?${query}` : '/login', 303);
    },
    sayNext: (c, text) => bake(c, 'said', Buffer.from(text).toString('base64url'), A_MINUTE_S),
    saidLast(c) {
      const said = cookie(c, 'said');
      if (said === undefined) return undefined;
      forget(c, 'said');
      return Buffer.from(said, 'base64url').toString('utf8');
    },
    mount(app, { message, formOf, stale }) {
      const login = async (
        c: ConsoleContext,
        more: { to: string; ended?: boolean; name?: string; fault?: string; status?: 403 | 429 },
      ) => {
        const language = languageOf(c);
        const csrf = csrfTokenOf(strangersToken(c));
        const { status, ...props } = more;
        const body = <LoginForm language={language} csrf={csrf} {...props} />;
        return message(c, { title: LOGIN.title, body, ...(status !== undefined && { status }) });
      };
      app.get('/login', async (c) => {
        const to = ownPath(c.req.query('to'));
        const ended = c.req.query('ended') !== undefined;
        return (await visitOf(c)) === undefined ? login(c, { to, ended }) : c.redirect(to, 303);
      });
      app.post('/login', async (c) => {
        const form = await formOf(c);
        const language = languageOf(c);
        if (form === undefined || !isGenuine(c, form)) return message(c, stale(language));
        const text = (field: string): string => String(form.get(field) ?? '');
        const [name, to] = [text('username').trim().normalize('NFKC'), ownPath(text('to'))];
        const { address } = clientOf(c.env?.incoming, settings.consoleTrustProxy);
        const client = { address, device: cookie(c, 'device'), signal: c.req.raw.signal };
        const entrance = await accounts.enter(name, text('password'), client);
        if (entrance.kind === 'wait') {
          const minutes = Math.ceil(entrance.waitMs / 60_000);
          c.header('retry-after', String(Math.ceil(entrance.waitMs / 1000)));
          return login(c, { to, name, fault: LOGIN.wait(minutes)[language], status: 429 });
        }
        if (entrance.kind === 'busy') {
          c.header('retry-after', String(BUSY_S));
          return login(c, { to, name, fault: LOGIN.busy[language], status: 429 });
        }
        if (entrance.kind === 'wrong') {
          // A name that no user has may be a password in the wrong field. Not awaited: the time of the answer would show whether there is such a user.
          if (entrance.isUser) noteRefused(name, address);
          return login(c, { to, name, fault: LOGIN.wrong[language], status: 403 });
        }
        if (entrance.device !== undefined) bake(c, 'device', entrance.device, DEVICE_S);
        bake(c, 'session', entrance.token, SESSION_S);
        await audit.add({
          at: Date.now(),
          user: name,
          action: 'session.begin',
          subject: '',
          result: 'done',
          detail: '',
        });
        return c.redirect(to, 303);
      });
      app.post('/logout', async (c) => {
        const form = await formOf(c);
        const token = cookie(c, 'session');
        const visit = await visitOf(c);
        if (visit === undefined || token === undefined) return c.redirect('/login', 303);
        if (form === undefined || !isCsrfToken(String(form.get('csrf') ?? ''), token)) {
          return message(c, stale(visit.language));
        }
        await accounts.leave(token);
        forget(c, 'session');
        const entry = { user: visit.user, action: 'session.end', subject: '', result: 'done', detail: '' } as const;
        await audit.add({ at: Date.now(), ...entry });
        return c.redirect('/login', 303);
      });
      app.post('/language', async (c) => {
        const form = await formOf(c);
        if (form === undefined || !isGenuine(c, form)) return message(c, stale(languageOf(c)));
        const chosen = LANGUAGES.find((it) => it === form.get('language'));
        if (chosen !== undefined) bake(c, 'language', chosen, LANGUAGE_S);
        return c.redirect(ownPath(String(form.get('to') ?? '/')), 303);
      });
    },
  };
}

/** The page at an address, whatever its host; the first page where it is none of ours. */
function pathOf(address: string): string {
  if (!URL.canParse(address)) return '/';
  const { pathname, search } = new URL(address);
  return ownPath(pathname + search);
}

/** The first of the two that the browser accepts; English where it accepts neither. */
export function languageAccepted(header: string): Language {
  const wanted = header
    .split(',')
    .map((part) => {
      const [name = '', ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((it) => /^\s*q=([\d.]+)/.exec(it)?.[1]).find((it) => it !== undefined);
      return { name, q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ name, q }) => /^(zh|en)\b/.test(name) && q > 0)
    .sort((one, other) => other.q - one.q);
  return wanted[0]?.name.startsWith('zh') ? 'zh' : 'en';
}
