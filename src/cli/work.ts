import type { Command } from 'commander';
import { type WorkEnding, work } from '../app/work.js';
import { command, EXIT, perform } from './command.js';
import { onInterruption, say } from './terminal.js';

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
        return tell(await work(await open('background'), { drain: options.drain === true, signal }));
      }),
    );
}

function tell(ending: WorkEnding): number {
  switch (ending.kind) {
    case 'stopped':
      say(`${ending.blockedReason?.reason.en} ${ending.blockedReason?.nextStep.en}`);
      return EXIT.stopped;
    case 'drained':
      if (ending.waiting > 0) {
        say(`${ending.waiting} rows wait for a push, another day or a person: \`fastregister status\` says which.`);
      }
      return EXIT.done;
    case 'interrupted':
      return EXIT.done;
  }
}
