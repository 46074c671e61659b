/** One night run by this process, for cron and for people who do not want to wait. */
import { statSync } from 'node:fs';
import { nightToolsOf } from '../app/wiring/nights.js';
import type { Store } from '../app/wiring/store.js';
import { byOutcome } from '../domain/batch.js';
import type { Night } from '../domain/night.js';
import { type NightPlan, runNight } from '../nights/night.js';
import { needAPerson, sum } from '../reporter/tally.js';
import { sendAndListen } from './batch-run.js';
import { EXIT, UsageError } from './command.js';
import { onInterruption, say, table } from './terminal.js';

export async function runNightHere(store: Store, plan: NightPlan): Promise<number> {
  const interruption = onInterruption();
  const untilSubmitted = plan.until === 'submitted';
  const night = await runNight(
    nightToolsOf(store, store.redis),
    plan,
    (batches, signal) => sendAndListen(store, { batches, untilSubmitted, signal, running: 'passing' }),
    interruption.signal,
  );
  if (night === undefined) {
    say(`Another night works on ${plan.inbox} at the moment. Nothing was done.`);
    return EXIT.done;
  }
  const counts = sum(await Promise.all(night.files.map(({ batch }) => store.batches.counts(batch))));
  const { notReady = [] } = night;
  for (const name of notReady)
    say(
      `${name}: not ready, because it was changed less than a minute ago; put ${name}.ready beside it, or run again.`,
    );
  if (night.files.length + night.rejected.length + notReady.length === 0) say(`No sheet lies in ${plan.inbox}.`);
  for (const { name, report } of night.files) say(`${name}: ${report}`);
  for (const { name, why } of night.rejected) say(`${name}: rejected: ${why}`);
  const outcomes = Object.entries(byOutcome(counts)).map(([outcome, count]) => [`  ${outcome}`, String(count)]);
  if (outcomes.length > 0) say(table(outcomes));
  return statusOf(night, needAPerson(counts), interruption.status());
}

function statusOf({ ending, stopped, rejected }: Night, needing: number, interrupted: number): number {
  if (ending === 'interrupted') {
    say('Interrupted. The next run goes on where this one stopped.');
    return interrupted || EXIT.ourFault;
  }
  if (ending === 'stopped') {
    say(`Stopped. ${stopped ?? ''}`);
    return EXIT.stopped;
  }
  if (rejected.length > 0) return EXIT.badUsage;
  return needing > 0 ? EXIT.someNeedAPerson : EXIT.done;
}

/** @throws UsageError where there is no such folder */
export function refuseMissingInbox(inbox: string): void {
  if (statSync(inbox, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`${inbox} is not a folder. Create it, or correct --inbox.`);
}
