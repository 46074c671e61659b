/** The successor's link for the legal person: how long it lives, and when a reminder is due. */
import { LONGEST_TASK_MS } from './limits.js';
import type { Registration } from './registration.js';

/** The legal person is reminded this long before the link ends. */
export const REMIND_BEFORE_MS = 3 * 3_600_000;

export interface Link {
  readonly url: string;
  /** ms since 1970 */
  readonly endsAt: number;
}

/** Until when the legal person has to confirm, in ms since 1970; absent where no task waits for that. */
export function confirmByOf({ state, sentAt }: Pick<Registration, 'state' | 'sentAt'>): number | undefined {
  return state === 'awaiting_legal_person' && sentAt !== undefined ? sentAt + LONGEST_TASK_MS : undefined;
}

/**
 * Absent if there is no link to open: not sent yet, or over. The 24 hours count from the call, so that the deadline is
 * never later than WeChat's.
 */
export function linkOf(registration: Pick<Registration, 'state' | 'authorizeUrl' | 'sentAt'>): Link | undefined {
  const endsAt = confirmByOf(registration);
  const { authorizeUrl: url } = registration;
  return url === undefined || endsAt === undefined ? undefined : { url, endsAt };
}

/** `ending`: less than three hours are left. */
export function stageOf({ endsAt }: Link, now: number): 'open' | 'ending' | 'ended' {
  if (now >= endsAt) return 'ended';
  return now >= endsAt - REMIND_BEFORE_MS ? 'ending' : 'open';
}
