/** The successor's link for the legal person: how long it lives, and when somebody should be reminded of it. */
import type { Registration } from './registration.js';

/** WeChat: `authorize_url` is valid for 24 hours. They are counted from the call, so that nobody is promised too much. */
const LIVES_MS = 24 * 3_600_000;

/** So long before its end the legal person is to be reminded. */
export const REMIND_BEFORE_MS = 3 * 3_600_000;

export interface Link {
  readonly url: string;
  /** ms since 1970 */
  readonly endsAt: number;
}

/** Absent where nobody has to open one: not sent yet, or over. */
export function linkOf({
  state,
  authorizeUrl,
  sentAt,
}: Pick<Registration, 'state' | 'authorizeUrl' | 'sentAt'>): Link | undefined {
  if (state !== 'awaiting_legal_person' || authorizeUrl === undefined || sentAt === undefined) return undefined;
  return { url: authorizeUrl, endsAt: sentAt + LIVES_MS };
}

/** `ending`: less than three hours are left. */
export function stageOf({ endsAt }: Link, now: number): 'open' | 'ending' | 'ended' {
  if (now >= endsAt) return 'ended';
  return now >= endsAt - REMIND_BEFORE_MS ? 'ending' : 'open';
}
