import type { Command } from 'commander';
import { askDayAgain } from '../app/ask-day.js';
import { PAUSE } from '../domain/line.js';
import { command, EXIT, perform } from './command.js';
import { say } from './terminal.js';

export function pauseCommand(): Command {
  return command(
    'pause',
    'Stops the line: no create and no search is sent until it is resumed. Pushes and reports go on.',
    'fastregister pause --because "WeChat announced maintenance"',
  )
    .option('--because <TEXT>', 'why, for everybody who looks', 'paused by an operator')
    .action(async (options: { because: string }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const { calls } = await open('interactive');
        await calls.stopLine({ because: options.because, problem: PAUSE, at: Date.now() });
        say('The line is stopped. `fastregister resume` starts it again.');
        return EXIT.done;
      }),
    );
}

export function resumeCommand(): Command {
  return command(
    'resume',
    'Starts sending again after the fault that stopped it is fixed.',
    'fastregister resume',
  ).action(async (_options: object, made: Command) =>
    perform(made, {}, async ({ open }) => {
      const store = await open('interactive');
      say(RESUMED[await store.calls.resumeLine()]);
      if (await askDayAgain(store)) say(DAY_ASKED);
      return EXIT.done;
    }),
  );
}

const DAY_ASKED =
  'WeChat has closed the quota day (45009). The next worker with rows to send asks WeChat at once whether there are calls again.';

const RESUMED = {
  running: 'The line was not stopped.',
  open: 'The line runs again.',
  canary: 'One call is sent first, as soon as a worker runs; the line opens when WeChat answers it.',
};
