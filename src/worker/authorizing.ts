/** Dependencies of exchanging authorization codes. */

import type { WaitingCodes } from '../domain/auth-code.js';
import { exchangesPerSecond } from '../domain/limits.js';
import type { AuthorizationChange, Created } from '../domain/notice.js';
import type { AuthCodes } from '../redis/pushes/auth-codes.js';
import type { Authorizers } from '../redis/pushes/authorizers.js';
import type { Pushes } from '../redis/pushes/pushes.js';
import type { Exchange } from '../wechat/authorization.js';
import type { Info, Listing } from '../wechat/authorizer-list.js';
import { holdFor, type TokenContext, type WorkerContext } from './context.js';

export interface AuthorizeTools {
  readonly authorizers: Authorizers;
  readonly codes: AuthCodes;
  readonly pushes: Pick<Pushes, 'find' | 'park'>;
  /** Finds registrations by the name of the enterprise, in any state. */
  readonly named: (name: string) => Promise<readonly string[]>;
  /** Opens a sealed code. */
  readonly openAuthCode: (authCode: string, appid: string) => string;
  readonly exchange: (authCode: string, token: string) => Promise<Exchange>;
  readonly infoOf: (appid: string, token: string) => Promise<Info>;
  readonly list: (offset: number, token: string) => Promise<Listing>;
  /** Absent without FASTREGISTER_CREATED_WEBHOOK. */
  readonly notifyCreated?: ((created: Created) => Promise<void>) | undefined;
  readonly notifyAuthorization?: ((change: AuthorizationChange) => Promise<void>) | undefined;
}

/** The worker's functions that an exchange needs. */
export type ExchangeContext = TokenContext & Pick<WorkerContext, 'ledger' | 'workload' | 'credentials' | 'limits'>;

/** A Mini Program with waiting codes, and a component access token to ask with. */
export interface PendingExchange {
  readonly appid: string;
  readonly waiting: WaitingCodes;
  readonly token: string;
}

/** When to continue: `at` in ms since 1970, 0: at once. `again`: look again at once, because something has changed. */
export type Due = { readonly at: number } | 'again' | 'never';

/** Waits for a permit: exchanges have a separate share of the budgets. False: this worker is leaving. */
export async function waitForTurn(
  context: ExchangeContext,
  { authorizers }: Pick<AuthorizeTools, 'authorizers'>,
): Promise<boolean> {
  for (;;) {
    const ms = await authorizers.mayExchange(exchangesPerSecond(context.limits));
    if (ms === 0) return true;
    if (!(await holdFor(context, { ms, why: 'pace' }))) return false;
  }
}
