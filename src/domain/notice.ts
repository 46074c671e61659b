/** What is posted to other programs. */

/**
 * `created`: the platform's own service hears of new Mini Programs. `notify`, `notify:2`, …: people hear how a batch or the line
 * is, at each address of FASTREGISTER_NOTIFY_URL. An address that is corrected gets what its predecessor did not take.
 */
export type Destination = 'created' | 'notify' | `notify:${number}`;

/** @param at of the address in FASTREGISTER_NOTIFY_URL, from 0 */
export function notifyDestination(at: number): Destination {
  return at === 0 ? 'notify' : `notify:${at + 1}`;
}

/** Before a notice is posted again. */
export const LONGEST_NOTICE_PAUSE_MS = 10 * 60_000;

/** Where people hear of something. */
export interface Outlet {
  readonly destination: Destination;
  /**
   * A chat: notices that wait are joined into one message, so all of them have one ordering key, and the first waits this long for others,
   * in ms. Absent: a program, which gets them one by one.
   */
  readonly gatherMs?: number;
}

/** Where a notice waits for an outlet. */
export interface Place {
  readonly destination: Destination;
  readonly orderingKey: string;
  readonly dueInMs: number;
}

export function placeFor({ destination, gatherMs }: Outlet, orderingKey: string): Place {
  return gatherMs === undefined
    ? { destination, orderingKey, dueInMs: 0 }
    : { destination, orderingKey: 'chat', dueInMs: gatherMs };
}

export interface Notice {
  /** The same for every repetition of a notice, so that its receiver can recognise it. */
  readonly id: string;
  /** e.g. `mini_program.created` */
  readonly type: string;
  /** When it happened, ms since 1970. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** What only the message in a chat says; a webhook's JSON does not have it. */
  readonly chat?: Readonly<Record<string, unknown>>;
}

export interface TakenNotice {
  readonly orderingKey: string;
  readonly notice: Notice;
  /** The next notices of its ordering key, if more than one was requested. */
  readonly others: readonly Notice[];
  /** How often it was posted in vain. */
  readonly tries: number;
  /** For how long it is being posted in vain. */
  readonly triedForMs: number;
  /** How many notices were in the first of these posts. */
  readonly firstCount: number;
  /** As it is kept: by this it is settled. */
  readonly kept: string;
}

/** Why notices do not arrive. */
export interface Failing {
  /** When the first of them was posted in vain, ms since 1970. */
  readonly since: number;
  readonly tries: number;
  /** What came back, without a secret. */
  readonly why: string;
}

/** A new Mini Program, for the platform's own service. */
export interface Created {
  readonly registration: string;
  readonly appid: string;
  /** When the Mini Program was created, ms since 1970. */
  readonly at: number;
  /** `kept`: its refresh token is stored. `lost`: its auth_code died. `none`: WeChat pushed no auth_code. */
  readonly authorization: 'kept' | 'lost' | 'none';
}

/** What became of the authorisation of a Mini Program that was announced before. */
export interface AuthorizationChange {
  readonly registration: string;
  readonly appid: string;
  /** When WeChat pushed it, ms since 1970. */
  readonly at: number;
  /** `kept`: there is a new refresh token. `withdrawn`: the merchant withdrew the authorisation. */
  readonly authorization: 'kept' | 'withdrawn';
  /** Distinguishes this change from the others. */
  readonly id: string;
}
