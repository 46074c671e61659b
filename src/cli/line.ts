import type { Command } from 'commander';
import { pause, resume } from '../app/line.js';
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
        await pause(await open('interactive'), options.because, Date.now());
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
      const { line, isDayShut } = await resume(await open('interactive'));
      say(RESUMED[line]);
      if (isDayShut) say(DAY_ASKED);
      return EXIT.done;
    }),
  );
}

const DAY_ASKED =
  'WeChat has closed the quota day (45009). The next worker with rows to send asks WeChat at once whether there are calls again.';

const RESUMED = {
  running: 'The line was not stopped.',
  resumed: 'The line runs again.',
  probe: 'One call is sent first, as soon as a worker runs; the line opens when WeChat answers it.',
};
