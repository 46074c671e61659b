/** One night run by this process, for cron and for people who do not want to wait. */
import { runNightNow } from '../app/run-night.js';
import type { Store } from '../app/wiring/store.js';
import { byOutcome } from '../domain/batch.js';
import type { Night } from '../domain/night.js';
import type { NightPlan } from '../nights/night.js';
import { EXIT } from './command.js';
import { sendEvents } from './shown.js';
import { onInterruption, say, table } from './terminal.js';

export async function runNightHere(store: Store, plan: NightPlan): Promise<number> {
  const interruption = onInterruption();
  const result = await runNightNow(store, plan, interruption.signal, () => sendEvents(plan.language)).finally(() =>
    interruption.end(),
  );
  if (result === undefined) {
    say(`Another night works on ${plan.inbox} at the moment. Nothing was done.`);
    return EXIT.done;
  }
  const { night, counts, needing } = result;
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
  return statusOf(night, needing, interruption.status());
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
