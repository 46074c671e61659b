import type { Command } from 'commander';
import { askDayAgain } from '../app/ask-day.js';
import { limitsOf } from '../app/wiring/limits.js';
import type { Part } from '../app/wiring/part.js';
import { startReconcilingOf } from '../app/wiring/reconciling.js';
import { startSending } from '../app/wiring/sending.js';
import type { Store } from '../app/wiring/store.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { sum, unsent } from '../reporter/tally.js';
import { sleep } from '../sleep.js';
import { command, EXIT, perform } from './command.js';
import { nothingLeftToSend } from './progress.js';
import { onInterruption, say } from './terminal.js';

const LOOK_EVERY_MS = 300;

export function workCommand(): Command {
  return command(
    'work',
    'One worker: sends what is queued, within every budget. Run as many as you like.',
    'fastregister work --concurrency 8',
  )
    .option('--drain', 'end when nothing is left to send')
    .action(async (options: { drain?: true }, made: Command) =>
      perform(made, { needs: ['wechat', 'sending', 'encryption'], service: true }, async ({ open }) => {
        const { signal } = onInterruption();
        const store = await open('background');
        if (options.drain && (await store.workload.inHand('submit')) > 0) await askDayAgain(store);
        const running: Part[] = [await startSending(store, options.drain ? 'passing' : 'steady')];
        try {
          if (!options.drain) running.push(await startReconcilingOf(store));
          return await untilToldToEnd(store, options.drain === true, signal);
        } finally {
          await Promise.all(running.map((part) => part.close()));
        }
      }),
    );
}

/** By a signal; or with `drain` when nothing is left to send, or the line is stopped. */
async function untilToldToEnd(store: Store, drain: boolean, signal: AbortSignal): Promise<number> {
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, signal);
    if (!drain) continue;
    if (await nothingLeftToSend(store)) {
      await sayWhatWaits(store);
      break;
    }
    const { stopped, blockedReason } = await sendingStatus(
      store.calls,
      limitsOf(store.settings),
      Date.now(),
      store.settings.wechatRegistrationApi,
    );
    if (stopped) {
      say(`${blockedReason?.reason.en} ${blockedReason?.nextStep.en}`);
      return EXIT.stopped;
    }
  }
  return EXIT.done;
}

async function sayWhatWaits({ batches }: Store): Promise<void> {
  const waiting = unsent(sum(await Promise.all((await batches.list()).map(batches.counts))));
  if (waiting > 0) say(`${waiting} rows wait for a push, another day or a person: \`fastregister status\` says which.`);
}
