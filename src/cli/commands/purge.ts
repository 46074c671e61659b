import type { Command } from 'commander';
import { command, DO_NOT_ASK, PREVIEW_AS_JSON, perform } from '../command.js';
import { spoken } from '../language.js';
import type { PurgeFlags } from '../purge.js';

export function purgeCommand(): Command {
  return command(
    'purge',
    {
      en: "Forgets merchants' data of batches that are over; keeps their counts, and that a Mini Program was created.",
      zh: '清除已结束批次的商户信息；保留各结果的数量和小程序已创建的记录。',
    },
    'fastregister purge --older-than 90d',
  )
    .requiredOption(
      '--older-than <DAYS>',
      spoken({
        en: 'how long ago the last row must have had its outcome: 90 or 90d',
        zh: '最后一行得出结果至今的天数：90 或 90d',
      }),
    )
    .option('--yes', spoken(DO_NOT_ASK))
    .option('--json', spoken(PREVIEW_AS_JSON))
    .action(async (options: PurgeFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../purge.js')).purgeAction(context, options)),
    );
}
