import type { Command } from 'commander';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';

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
      perform(made, { needs: ['wechat', 'sending', 'encryption'], service: true }, async (context) =>
        (await import('../work.js')).workAction(context, options),
      ),
    );
}
