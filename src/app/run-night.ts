/** One night over an inbox, run by this process: for cron, and for people who do not want to wait. */
import { statSync } from 'node:fs';
import type { Counts } from '../domain/batch.js';
import type { Night } from '../domain/night.js';
import { type NightPlan, runNight } from '../nights/night.js';
import { needAPerson, sum } from '../reporter/tally.js';
import { RequestError } from './request-error.js';
import { type SendEvents, sendAndListen } from './send-and-listen.js';
import { nightToolsOf } from './wiring/nights.js';
import type { Store } from './wiring/store.js';

export interface NightResult {
  readonly night: Night;
  readonly counts: Counts;
  /** Rows that wait for a person. */
  readonly needing: number;
}

/** Undefined where another night works on this inbox. */
export async function runNightNow(
  store: Store,
  plan: NightPlan,
  signal: AbortSignal,
  events: () => SendEvents,
): Promise<NightResult | undefined> {
  const untilSubmitted = plan.until === 'submitted';
  // Until the night has ended: under cron nobody else would post that.
  const notifying = await store.notifying();
  const night = await runNight(
    nightToolsOf(store, store.redis),
    plan,
    (batches, held) => sendAndListen(store, { batches, untilSubmitted, signal: held, running: 'passing' }, events()),
    signal,
  ).finally(() => notifying.close());
  if (night === undefined) return undefined;
  const counts = sum(await Promise.all(night.files.map(({ batch }) => store.batches.counts(batch))));
  return { night, counts, needing: needAPerson(counts) };
}

/** @throws RequestError where there is no such folder */
export function refuseMissingInbox(inbox: string): void {
  if (statSync(inbox, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new RequestError('not_found', {
    en: `${inbox} is not a folder. Create it, or correct --inbox.`,
    zh: `${inbox} 不是文件夹。请创建该文件夹，或更正 --inbox。`,
  });
}
