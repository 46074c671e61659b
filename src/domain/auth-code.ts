/** Authorization codes: what a push brings, and what waits beside a Mini Program until they are exchanged. */

/** A code as the push brought it. Times are ms since 1970. */
export interface PushedCode {
  /** From `sealAuthCode`. */
  readonly authCode: string;
  /** When we received it. */
  readonly at: number;
  readonly diesAt: number;
  /** The push's CreateTime; where it has none, when we received it. */
  readonly pushedAt: number;
  /** `created`: it came with the result of a registration. `authorized`: because the merchant authorised the platform. */
  readonly from: 'created' | 'authorized';
  /** Another service of the platform gets the same code, and exchanges it too. */
  readonly isShared: boolean;
}

export interface AuthCode extends PushedCode {
  /** Identifies the code without revealing it. */
  readonly mark: string;
}

/** What WeChat says of an authorizer with an unknown merchant. */
export interface Stranger {
  readonly principalName: string;
  readonly registerType: number | undefined;
}

export interface WaitingCodes {
  /** Of its merchant, where that is known. */
  readonly registration: string | undefined;
  /** The newest first; one at least. */
  readonly codes: readonly [AuthCode, ...AuthCode[]];
  /** A refresh token that is kept: the mark of the code that it came from, and when that code came (or it was found). */
  readonly kept: { readonly mark: string; readonly at: number } | undefined;
  /** The `authorized` push of a stranger, by its id. */
  readonly push: string | undefined;
  readonly stranger: Stranger | undefined;
}

/**
 * `nobody`: the Mini Program is not ours, and no registration waits that could claim it. `old`: a newer authorisation
 * is known.
 */
export type Offered = 'exchange' | 'waits' | 'repeated' | 'old' | 'nobody';

/** `old`: the merchant has authorised the platform again since. `nobody`: the Mini Program is not ours, as far as is known. */
export type Withdrawal = 'withdrawn' | 'old' | 'nobody';
