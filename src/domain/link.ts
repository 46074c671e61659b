/** The successor's link for the legal person: how long it lives, and when a reminder is due. */
import { LONGEST_TASK_MS } from './limits.js';
import type { Registration } from './registration.js';

/** So long before its end the legal person is to be reminded. */
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
 * Absent where there is none to open: not sent yet, or over. Its 24 hours are those of the task, counted from the call,
 * so that the deadline is never later than WeChat's.
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
