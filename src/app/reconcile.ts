/** The comparison of silent registrations with WeChat's list of accounts, asked for by a person. */
import {
  type FoundToken,
  type Match,
  type Reconciliation,
  reconcile,
  record,
  recordToken,
} from '../operator/reconcile.js';
import { RequestError } from './request-error.js';
import { openCaller } from './wiring/caller.js';
import { reconcileTools } from './wiring/reconciling.js';
import type { Store } from './wiring/store.js';

export interface Compared {
  readonly found: Reconciliation;
  /** What of it was recorded; none without `apply`. */
  readonly applied: readonly Match[];
  readonly kept: readonly FoundToken[];
}

/** @throws RequestError without an access token */
export async function compareWithWeChat(store: Store, apply: boolean): Promise<Compared> {
  const caller = openCaller(store);
  try {
    const credential = await caller.credentials.current();
    if (credential.kind !== 'token') {
      throw new RequestError('refused', {
        en: 'There is no component access token to ask with; `fastregister doctor` says why.',
        zh: '没有可用的 component_access_token；原因请看 `fastregister doctor`。',
      });
    }
    const tools = reconcileTools(store, caller);
    const found = await reconcile(tools);
    const applied: Match[] = [];
    const kept: FoundToken[] = [];
    if (apply) for (const match of found.matches) if (await record(tools, match)) applied.push(match);
    if (apply) for (const token of found.tokens) if (await recordToken(tools, token)) kept.push(token);
    return { found, applied, kept };
  } finally {
    await caller.close();
  }
}
