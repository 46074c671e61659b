/** Pushes of WeChat, from their arrival to what became of them. */

/** A push as it came, and what the receiver has read of it. Its body is kept encrypted as it is. */
export interface ReceivedPush {
  /** ms since 1970 */
  readonly receivedAt: number;
  /** WeChat's CreateTime, ms since 1970. */
  readonly createdAt?: number | undefined;
  /** `unreadable` where the decrypted message is none that we can read. */
  readonly infoType: string;
  /** The URL's, without its question mark. */
  readonly query: string;
  readonly body: Buffer;
  /** The verify ticket that it brings, from `sealTicket`. */
  readonly ticket?: string | undefined;
  /** `msg_signature`; a push with a known signature is not stored again. Undefined: stored in any case. */
  readonly signature?: string | undefined;
  /** Older than three days when it came: it is parked and not recorded. */
  readonly isOld?: boolean;
}

export interface StoredPush extends Omit<ReceivedPush, 'createdAt' | 'ticket' | 'signature' | 'isOld'> {
  /** The stream's id, `ms-number`; later pushes have greater ones. A push that was parked keeps its own. */
  readonly id: string;
  /** Under which the stream has it now. */
  readonly entry: string;
}

/**
 * Why a push could not be given to a registration. `unknown_authorizer`: a Mini Program authorised the platform, and its subject
 * is not exactly one merchant that waits. `fault`: a program error of ours. `old`: it may have been captured.
 */
export type Parking = 'unknown_merchant' | 'no_info' | 'unreadable' | 'unknown_authorizer' | 'fault' | 'old';

export interface ParkedPush extends StoredPush {
  readonly why: Parking;
}

/** What became of a push beside being stored; `changed_nothing`: a repetition, or too late to matter. */
export type PushOutcome = 'recorded' | 'changed_nothing' | 'parked' | 'not_ours';

/** `not_relayed`: the other service refused it until the relay stopped trying. */
export type RelayOutcome = 'relayed' | 'not_relayed';

export interface PushCounts {
  readonly byOutcome: readonly {
    readonly infoType: string;
    readonly outcome: 'stored' | PushOutcome | RelayOutcome;
    readonly count: number;
  }[];
  readonly refused: Readonly<Record<string, number>>;
  /** Counts by upper bound in seconds (Infinity for the rest), not added up. */
  readonly lag: { readonly bounds: ReadonlyMap<number, number>; readonly sumMs: number };
}
