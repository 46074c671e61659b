import { batchesToReport, report } from '../app/report.js';
import { isoWithOffset } from '../domain/calendar.js';
import { ACTORS, counted, type Words } from '../domain/words.js';
import { writeWhole } from '../reporter/file.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { isWorkbook, languageFrom, outcomesFrom, refuseWorkbookOnTerminal, sinceFrom, whoFrom } from './flags.js';
import { printData, say } from './terminal.js';

export interface ReportFlags {
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

const DEALT_WITH = (rows: number): Words => ({
  en: `Left out: ${counted(rows, 'row')} replaced or corrected by a newer row, which --all would include, or of an enterprise that is under way or has its Mini Program. Without --only the report has every row.`,
  zh: `已略去 ${rows} 行：已由较新的一行取代或更正（可用 --all 查看），或其企业正在办理、已有小程序。不加 --only 时报告包含全部行。`,
});

export async function reportAction(
  { open, settings }: CommandContext,
  id: string | undefined,
  options: ReportFlags,
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
