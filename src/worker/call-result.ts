/** The result of a call, and what it means for the merchant. */
import type { Effects } from '../domain/effects.js';
import type { Merchant } from '../domain/merchant.js';
import type { Fact } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { PermitAge } from './permits.js';

export interface CallResult {
  readonly fact: Fact;
  readonly effects: Effects;
  /** WeChat refused the token, not the merchant. */
  readonly refusedToken: boolean;
}

/** A call for which a permit was acquired; from here on `create` counts as sent. */
export interface Sent {
  /** The registration with `create_sent` recorded; its `now` is the time of the permit. */
  readonly snapshot: Snapshot;
  readonly merchant: Merchant;
  readonly token: string;
  readonly age: PermitAge;
  /** The fact `create_sent` as the history has it, with `snapshot.version` as its write id. */
  readonly sentFact: Fact;
  readonly sentAt: number;
  /** The quota day that was charged. */
  readonly day: string;
  /** True: the day is closed, and this call finds out whether it has calls again. */
  readonly isProbe: boolean;
  readonly person: string;
}
