import type { Command } from 'commander';
import { batchesToReport, report } from '../app/report.js';
import { isoWithOffset } from '../domain/calendar.js';
import { OUTCOME_NAMES, OUTCOMES } from '../domain/outcomes.js';
import { ACTORS, counted, type Words } from '../domain/words.js';
import { writeWhole } from '../reporter/file.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import {
  isWorkbook,
  languageFrom,
  namesWithWords,
  outcomesFrom,
  refuseWorkbookOnTerminal,
  sinceFrom,
  WHO,
  whoFrom,
} from './flags.js';
import { spoken } from './language.js';
import { printData, say } from './terminal.js';

interface Options {
  readonly output?: string;
  readonly force?: true;
  readonly only?: string;
  readonly since?: string;
  readonly links?: true;
  readonly who?: string;
  readonly lang?: string;
  readonly all?: true;
  readonly json?: true;
  readonly xlsx?: true;
}

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
    .action(async (batch: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => writeReport(context, batch, options)),
    );
}

const DEALT_WITH = (rows: number): Words => ({
  en: `Left out: ${counted(rows, 'row')} replaced or corrected by a newer row, which --all would include, or of an enterprise that is under way or has its Mini Program. Without --only the report has every row.`,
  zh: `已略去 ${rows} 行：已由较新的一行取代或更正（可用 --all 查看），或其企业正在办理、已有小程序。不加 --only 时报告包含全部行。`,
});

async function writeReport(
  { open, settings }: CommandContext,
  id: string | undefined,
  options: Options,
): Promise<number> {
  if (id !== undefined && options.all)
    throw new UsageError({ en: 'Name a batch, or say --all.', zh: '请只指定一个批次，或只用 --all。' });
  const isXlsx = options.xlsx === true || isWorkbook(options.output ?? '');
  if (options.json && isXlsx) {
    throw new UsageError({
      en: 'Use --json or a workbook, not both.',
      zh: '--json 与 Excel 工作簿不能同时使用。',
    });
  }
  if (isXlsx && options.output === undefined) refuseWorkbookOnTerminal();
  const only = outcomesFrom(options.only);
  const who = whoFrom(options.who, ACTORS);
  const since = sinceFrom(options.since, settings.quotaTimezone);
  const store = await open('bulk');
  const batches = await batchesToReport(store, options.all ? { all: true } : { id });
  const [chosen] = batches;
  if (id === undefined && !options.all && chosen !== undefined) {
    const loadedAt = isoWithOffset(chosen.loadedAt, settings.quotaTimezone);
    say({
      en: `Batch ${chosen.id}, the newest: ${chosen.file}, loaded ${loadedAt}.`,
      zh: `最新的批次 ${chosen.id}：${chosen.file}，导入于 ${loadedAt}。`,
    });
  }
  let dealtWith = 0;
  const pieces = await report(store, batches, {
    format: options.json ? 'json' : isXlsx ? 'xlsx' : 'csv',
    language: languageFrom(options.lang),
    only,
    who,
    since,
    links: options.links,
    onDealtWith: () => {
      dealtWith += 1;
    },
  });
  if (options.output === undefined) for await (const piece of pieces) await printData(piece);
  else {
    await writeWhole(options.output, pieces, options.force === true);
    say({ en: `Written: ${options.output}`, zh: `已写入：${options.output}` });
  }
  if (dealtWith > 0) say(DEALT_WITH(dealtWith));
  return EXIT.done;
}
