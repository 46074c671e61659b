import type { Command } from 'commander';
import { OUTCOME_NAMES, OUTCOMES } from '../../domain/outcomes.js';
import { ACTORS } from '../../domain/words.js';
import { command, perform } from '../command.js';
import { namesWithWords, WHO } from '../flags.js';
import { spoken } from '../language.js';
import type { ReportFlags } from '../report.js';

export function reportCommand(): Command {
  return command(
    'report [BATCH]',
    {
      en: 'The outcome of every row as CSV, on stdout or in a file. Without BATCH: the newest. Corrected, it is the next upload.',
      zh: '以 CSV 输出每一行的结果，打印到屏幕或写入文件。不写批次时为最新的批次。报告更正后可直接再次上传。',
    },
    'fastregister report --only rejected,expired,invalid --lang zh -o to-correct.csv',
  )
    .option(
      '-o, --output <FILE>',
      spoken({
        en: 'write to this file; NAME.xlsx is a workbook',
        zh: '写入此文件；文件名以 .xlsx 结尾时为 Excel 工作簿',
      }),
    )
    .option('--force', spoken({ en: 'overwrite the file', zh: '覆盖已有文件' }))
    .option(
      '--only <OUTCOME,...>',
      spoken({
        en: `only these outcomes: ${OUTCOME_NAMES.join(', ')}`,
        zh: `只输出这些结果：${namesWithWords(OUTCOMES)}`,
      }),
    )
    .option(
      '--who <WHO,...>',
      spoken({
        en: `only rows whose next step is theirs: ${WHO.join(', ')}`,
        zh: `只输出下一步由谁处理的行：${namesWithWords(ACTORS)}`,
      }),
    )
    .option(
      '--since <DATE>',
      spoken({
        en: 'only what has had its outcome since: 2026-11-20, "2026-11-20 22:00", or 24h for a day ago',
        zh: '只输出此后才有结果的行：2026-11-20、"2026-11-20 22:00"，或 24h 表示最近一天',
      }),
    )
    .option(
      '--links',
      spoken({
        en: 'only rows with a link (authorize_url) that the legal person can still open: a list to send out',
        zh: '只输出法人尚可打开的链接（authorize_url 列），用于逐一转发',
      }),
    )
    .option('--all', spoken({ en: 'every batch, the newest first', zh: '所有批次，最新的在前' }))
    .option(
      '--xlsx',
      spoken({ en: 'an Excel workbook instead, all of it text', zh: '改为 Excel 工作簿，所有单元格均为文本' }),
    )
    .option('--json', spoken({ en: 'one JSON object a row instead', zh: '改为每行一个 JSON 对象' }))
    .action(async (batch: string | undefined, options: ReportFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../report.js')).reportAction(context, batch, options)),
    );
}
