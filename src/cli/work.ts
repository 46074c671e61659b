import type { Command } from 'commander';
import { type WorkEnding, work } from '../app/work.js';
import { joined } from '../domain/words.js';
import { command, EXIT, perform } from './command.js';
import { spoken } from './language.js';
import { onInterruption, say } from './terminal.js';

export function workCommand(): Command {
  return command(
    'work',
    {
      en: 'One worker: sends what is queued, within every budget. Run as many as you like.',
      zh: '运行一个工作进程：在额度内提交排队的商户。可同时运行多个。',
    },
    'fastregister work --concurrency 8',
  )
    .option('--drain', spoken({ en: 'end when nothing is left to send', zh: '没有可提交的行时结束' }))
    .action(async (options: { drain?: true }, made: Command) =>
      perform(made, { needs: ['wechat', 'sending', 'encryption'], service: true }, async ({ open }) => {
        const { signal } = onInterruption();
        return printEnding(await work(await open('background'), { drain: options.drain === true, signal }));
      }),
    );
}

function printEnding(ending: WorkEnding): number {
  switch (ending.kind) {
    case 'stopped':
      if (ending.blockedReason !== undefined) say(joined([ending.blockedReason.reason, ending.blockedReason.nextStep]));
      return EXIT.stopped;
    case 'drained':
      if (ending.waiting > 0) {
        say({
          en: `${ending.waiting} rows wait for a push, another day or a person: \`fastregister status\` says which.`,
          zh: `还有 ${ending.waiting} 行在等待推送、等待改日提交或等待人工处理，详见 \`fastregister status\`。`,
        });
      }
      return EXIT.done;
    case 'interrupted':
      return EXIT.done;
  }
}
