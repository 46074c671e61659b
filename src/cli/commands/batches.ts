import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';

export function batchesCommand(): Command {
  return command(
    'batches',
    {
      en: 'One line for each batch: its age, its file, and its rows by outcome.',
      zh: '批次列表：每个批次一行，列出导入时间、文件和各结果的行数。',
    },
    'fastregister batches',
  )
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async (context) => (await import('../batches.js')).batchesAction(context, options)),
    );
}
