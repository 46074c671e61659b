import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { batchIdIn, type LoadRequest } from '../app/load.js';
import { batchReportedIn } from '../app/own-report.js';
import { batchesToReport } from '../app/report.js';
import { reportOptionsOf } from '../app/report-options.js';
import { type RunResult, run } from '../app/run.js';
import { refuseUnknownInbox } from '../app/schedule.js';
import type { Store } from '../app/wiring/store.js';
import { type Batch, byOutcome } from '../domain/batch.js';
import { outcomeInWords } from '../domain/outcome-words.js';
import { joined, type Language, type Words } from '../domain/words.js';
import type { NightPlan } from '../nights/night.js';
import { reportCsv } from '../reporter/csv.js';
import { refuseUnwritable, writeWhole } from '../reporter/file.js';
import { reportWorkbook } from '../reporter/workbook.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { isWorkbook, languageFrom, mostInvalidFrom, untilFrom, yesOrNo } from './flags.js';
import { spoken } from './language.js';
import { runNightHere } from './night-run.js';
import { loadFlagsFrom, type SheetOptions } from './sheets.js';
import { loadShown, sendEvents } from './shown.js';
import { type Interruption, onInterruption, printData, say, table } from './terminal.js';

export interface RunFlags extends SheetOptions {
  readonly inbox?: string;
  readonly until?: string;
  readonly output?: string;
  readonly force?: true;
  readonly lang?: string;
  readonly canary?: string;
}

export function runAction(context: CommandContext, files: readonly string[], options: RunFlags): Promise<number> {
  return options.inbox === undefined
    ? runFiles(context, files, options)
    : runInbox(context, options.inbox, files, options);
}

async function runInbox(
  { open, settings }: CommandContext,
  folder: string,
  files: readonly string[],
  options: RunFlags,
): Promise<number> {
  if (files.length > 0)
    throw new UsageError({
      en: 'Name files, or an inbox with --inbox, not both.',
      zh: '文件与 --inbox 只能指定其一。',
    });
  if (options.output !== undefined)
    throw new UsageError({
      en: '-o: the reports of an inbox go beside its files, into done/.',
      zh: '-o：使用 --inbox 时，报告写入该文件夹的 done/，与表格放在一起。',
    });
  if (options.again)
    throw new UsageError({
      en: '--again: every night would ask for one more Mini Program. Name the files.',
      zh: '--again：与 --inbox 同用时，每晚都会再注册一个小程序。请直接指定文件。',
    });
  if (options.canary !== undefined)
    throw new UsageError({ en: '--canary: of files only. Name them.', zh: '--canary：仅用于直接指定的文件。' });
  const inbox = resolve(folder);
  const plan: NightPlan = {
    inbox,
    timezone: settings.quotaTimezone,
    language: languageFrom(options.lang),
    until: untilFrom(options.until),
    acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
    mostInvalid: mostInvalidFrom(options.maxInvalid),
  };
  const store = await open('background');
  await refuseUnknownInbox(store, inbox);
  return runNightHere(store, plan);
}

async function runFiles({ open }: CommandContext, files: readonly string[], options: RunFlags): Promise<number> {
  if (files.length === 0)
    throw new UsageError({
      en: 'Name the sheets to run, or an inbox with --inbox.',
      zh: '请指定要运行的表格，或用 --inbox 指定文件夹。',
    });
  const untilSubmitted = untilFrom(options.until) === 'submitted';
  const language = languageFrom(options.lang);
  const outputs = outputsFor(files, options.output);
  outputs?.forEach(refuseUnwritable);
  const loadOptions = loadFlagsFrom(options);
  const interruption = onInterruption();
  const store = await open('background');
  if (!options.force) {
    for (const [at, output] of (outputs ?? []).entries())
      await refuseToOverwrite(output, store, files[at] ?? '', loadOptions);
  }
  const loaded = await loadShown(store, files, loadOptions);
  const ids = loaded.map(({ batch }) => batch.id);
  // Refused before the wait: the report of a purged batch would be written over the one with its merchants.
  await batchesToReportOf(store, ids);
  const result = await run(store, { batches: ids, untilSubmitted, signal: interruption.signal }, sendEvents(language));

  say(
    table(
      Object.entries(byOutcome(result.counts)).map(([outcome, count]) => [
        `  ${spoken(outcomeInWords(outcome))}`,
        String(count),
      ]),
    ),
  );
  const reportOptions = await reportOptionsOf(store, language);
  const batches = await batchesToReportOf(store, ids);
  if (outputs === undefined) {
    // Of several sheets, too, under one row of headings.
    for await (const piece of reportCsv(store.batches, batches, reportOptions)) await printData(piece);
  }
  for (const [at, output] of (outputs ?? []).entries()) {
    const batch = batches.filter(({ id }) => id === ids[at]);
    const write = isWorkbook(output) ? reportWorkbook : reportCsv;
    const pieces: AsyncIterable<string | Uint8Array> = write(store.batches, batch, reportOptions);
    await writeWhole(output, pieces, true);
    say({ en: `Written: ${output}`, zh: `已写入：${output}` });
  }
  if (result.unheard > 0) say(UNHEARD(result.unheard));
  return statusOf(result, interruption, language);
}

/** Two names of one file are one batch. */
async function batchesToReportOf(store: Store, ids: readonly string[]): Promise<Batch[]> {
  const found: Batch[] = [];
  for (const id of new Set(ids)) found.push(...(await batchesToReport(store, { id })));
  return found;
}

function statusOf(
  { ending, needing, blockedReason }: RunResult,
  interruption: Interruption,
  language: Language,
): number {
  switch (ending) {
    case 'interrupted':
      say({
        en: 'Interrupted. The same command goes on where this one stopped.',
        zh: '已中断。再次运行同一命令即可继续。',
      });
      return interruption.status();
    case 'stopped':
      say(joined([STOPPED, blockedReason?.reason ?? NOTHING, blockedReason?.nextStep ?? NOTHING])[language]);
      return EXIT.stopped;
    default:
      return needing > 0 ? EXIT.someNeedAPerson : EXIT.done;
  }
}

const UNHEARD = (count: number): Words => ({
  en: `${count} ${count === 1 ? 'merchant is' : 'merchants are'} still under way in this ledger, such as those of other sheets and corrected ones, and nobody receives WeChat's pushes now. Run \`fastregister serve\`, which sends what waits and takes the pushes.`,
  zh: `登记簿中还有 ${count} 个商户正在办理（如其他表格的商户、更正后重新提交的商户），而现在没有程序接收微信推送。请运行 \`fastregister serve\`，继续提交并接收推送。`,
});

const STOPPED: Words = { en: 'Stopped.', zh: '已停止。' };

const NOTHING: Words = { en: '', zh: '' };

/** A second run overwrites its own report; any other file in that place is not ours. Refused before a call is made. */
async function refuseToOverwrite(output: string, store: Store, file: string, request: LoadRequest): Promise<void> {
  if (statSync(output, { throwIfNoEntry: false })?.isFile() !== true) return;
  const reported = await batchReportedIn(output);
  if (reported === '' || (reported !== undefined && reported === (await batchIdIn(store, file, request)))) return;
  throw new UsageError(
    reported === undefined
      ? {
          en: `${output} is there already, and is no report or has rows of a person's own. Name another file, or say --force.`,
          zh: `${output} 已存在，且不是报告，或其中有人工添加的行。请换一个文件名，或加 --force。`,
        }
      : {
          en: `${output} is there already, the report of the batch ${reported}, which is another one. Name another file, or say --force.`,
          zh: `${output} 已存在，是另一批次 ${reported} 的报告。请换一个文件名，或加 --force。`,
        },
  );
}

/** Where each report goes; undefined: to stdout. */
function outputsFor(files: readonly string[], output: string | undefined): string[] | undefined {
  if (output === undefined) return undefined;
  const isFolder = statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  if (files.length > 1 && !isFolder) {
    throw new UsageError({
      en: `-o ${output}: several sheets need a folder for their reports.`,
      zh: `-o ${output}：有多个表格时，请指定一个文件夹存放报告。`,
    });
  }
  const outputs = files.map((file) => (isFolder ? join(output, `${basename(file)}.report.csv`) : output));
  const twice = outputs.find((name, at) => outputs.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new UsageError({
      en: `Two sheets would be reported in ${twice}. Run them one by one, or rename one.`,
      zh: `有两个表格的报告都会写入 ${twice}。请逐个运行，或给其中一个改名。`,
    });
  }
  return outputs;
}
