/** The results of a night, for the people who read them in the morning, and for programs. */
import { isoWithOffset, localTime } from '../domain/calendar.js';
import type { Night } from '../domain/night.js';
import { OUTCOMES } from '../domain/outcomes.js';
import { markdownText } from '../domain/printable.js';
import type { Outcome } from '../domain/registration.js';
import { nameIn } from '../domain/row.js';
import type { Language } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import { type ReportOptions, reportRows } from '../reporter/report.js';
import { openReportTally } from '../reporter/report-tally.js';
import { oncePerMerchant, type Todo } from '../reporter/todo.js';

export interface Summary {
  readonly night: string;
  readonly schedule?: string;
  readonly inbox: string;
  readonly started: string;
  readonly ended?: string;
  readonly ending?: Night['ending'];
  /** Why the remaining rows are not sent. */
  readonly stopped?: string;
  readonly calls: { readonly used_tonight: number; readonly limit: number; readonly left: number };
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly reasons: readonly { readonly problem: string; readonly rows: number; readonly reason: string }[];
  readonly files: readonly {
    readonly file: string;
    readonly batch: string;
    readonly report: string;
    /** Parts of the file that were not read. */
    readonly notes?: readonly string[];
  }[];
  readonly rejected: readonly { readonly file: string; readonly why: string }[];
  /** Merchants that have to act next, or whose legal person has to: each once, by the first of its rows. */
  readonly to_call: readonly MerchantToCall[];
  readonly to_call_count: number;
  /** Merchants whose legal person can still confirm, and until when the first of them can; absent where none can. */
  readonly to_confirm?: { readonly count: number; readonly first_deadline: string };
  /** The file that lists them, including merchants whose 24 hours still run. */
  readonly todo: string;
}

interface MerchantToCall {
  readonly file: string;
  readonly line: string;
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
  readonly next_step: string;
}

/** The summary lists this many rows; the reports have all. */
const CALLS_LISTED = 1_000;
const CALLS_SHOWN = 100;

export interface Quota {
  readonly used: number;
  readonly limit: number;
  readonly left: number;
}

export async function summaryOf(
  night: Night,
  batches: Batches,
  options: ReportOptions,
  quota: Quota,
  todo: { readonly file: string; readonly todos: readonly Pick<Todo, 'confirmBy'>[] },
): Promise<Summary> {
  const tally = openReportTally();
  const calls: MerchantToCall[] = [];
  let callCount = 0;
  const isFirst = oncePerMerchant();
  const counted = new Set<string>();
  for (const file of night.files) {
    if (counted.has(file.batch)) continue;
    counted.add(file.batch);
    const batch = await batches.find(file.batch);
    if (batch === undefined) continue;
    for await (const rows of reportRows(batches, batch, options)) {
      for (const row of rows) {
        tally.add(row);
        const { outcome } = row;
        if (outcome === 'pending' || (row.who_acts !== 'merchant' && row.who_acts !== 'legal_person')) continue;
        if (!isFirst(row.registration_id)) continue;
        callCount += 1;
        if (calls.length >= CALLS_LISTED) continue;
        const { line, reason, next_step } = row;
        calls.push({ file: file.name, line, name: nameIn(row, batch.columns), outcome, reason, next_step });
      }
    }
  }
  const time = (at: number): string => isoWithOffset(at, night.timezone);
  return {
    night: night.name,
    ...(night.schedule !== undefined && { schedule: night.schedule }),
    inbox: night.inbox,
    started: time(night.startedAt),
    ...(night.endedAt !== undefined && { ended: time(night.endedAt) }),
    ...(night.ending !== undefined && { ending: night.ending }),
    ...(night.stopped !== undefined && { stopped: night.stopped }),
    calls: {
      used_tonight: night.usedTonight ?? Math.max(quota.used - night.usedBefore, 0),
      limit: quota.limit,
      left: quota.left,
    },
    outcomes: tally.outcomes(),
    reasons: tally.reasons(options.language),
    files: night.files.map(({ name, batch, report, notes }) => ({
      file: name,
      batch,
      report,
      ...(notes !== undefined && { notes }),
    })),
    rejected: night.rejected.map(({ name, why }) => ({ file: name, why })),
    to_call: calls,
    to_call_count: callCount,
    ...toConfirm(todo.todos, time),
    todo: todo.file,
  };
}

function toConfirm(
  todos: readonly Pick<Todo, 'confirmBy'>[],
  time: (at: number) => string,
): Pick<Summary, 'to_confirm'> {
  const deadlines = todos.flatMap(({ confirmBy }) => confirmBy ?? []);
  // The most urgent first.
  const [first] = deadlines;
  return first === undefined ? {} : { to_confirm: { count: deadlines.length, first_deadline: time(first) } };
}

const WORDS = {
  en: {
    night: 'Night of',
    time: 'from {from} to {to}.',
    ending: {
      done: 'Every row has its outcome.',
      submitted: 'Every row that may be sent now was sent; some outcomes are still to come.',
      stopped: 'It was stopped before the end.',
      interrupted: 'It was interrupted; what is left goes on.',
      next_night: 'It was still going on when the next night began.',
      failed: 'Its inbox could not be read.',
      running: 'It is going on.',
    },
    outcomes: 'Outcomes',
    reasons: 'Reasons',
    calls: 'Calls',
    used: '{used} used tonight, {left} / {limit} left today',
    files: 'Files',
    rejected: 'Rejected files',
    toCall: 'To call',
    toConfirm:
      'Legal persons who can still confirm: {count}, the first until {until}. A call now saves them: they come first in the list',
    more: '{count} more are in the reports',
    todo: 'All of them, and those whose 24 hours still run: {todo}',
    mostUrgent: 'The most urgent of them, with those whose 24 hours still run: {todo}',
    place: ' ({file}, line {line})',
    colon: ': ',
    semicolon: '; ',
    ofBatch: ' ({batch})',
  },
  zh: {
    night: '夜间任务',
    time: '{from} 至 {to}。',
    ending: {
      done: '全部行已有结果。',
      submitted: '目前可提交的行已全部提交，部分结果尚未返回。',
      stopped: '任务中途停止。',
      interrupted: '任务被中断，剩余部分会继续。',
      next_night: '下一次任务开始时仍未结束。',
      failed: '未能读取收件文件夹。',
      running: '正在进行。',
    },
    outcomes: '结果',
    reasons: '原因',
    calls: '调用',
    used: '本次已用 {used} 次，今日剩余 {left} / {limit} 次',
    files: '文件',
    rejected: '被拒绝的文件',
    toCall: '需要联系的商户',
    toConfirm: '法人仍可确认：{count} 家，最早截止 {until}。请优先联系，见名单最前',
    more: '另有 {count} 个，见报告',
    todo: '全部名单（含 24 小时内仍可确认的商户）：{todo}',
    mostUrgent: '最紧急的名单（含 24 小时内仍可确认的商户）：{todo}',
    place: '（{file} 第 {line} 行）',
    colon: '：',
    semicolon: '；',
    ofBatch: '（{batch}）',
  },
} as const;

/** @param listsAll whether the list of merchants to call is complete */
export function summaryText(summary: Summary, language: Language, timezone: string, listsAll = true): string {
  const words = WORDS[language];
  const now = Date.parse(summary.ended ?? summary.started);
  const time = (iso: string): string => localTime(Date.parse(iso), timezone, now)[language];
  const sentences = (...texts: readonly string[]): string =>
    texts.filter((text) => text !== '').join(language === 'en' ? ' ' : '');
  const { calls, to_call, to_call_count, to_confirm, todo } = summary;
  const unlisted = to_call_count - Math.min(to_call.length, CALLS_SHOWN);
  return [
    `# ${words.night} ${summary.night}`,
    sentences(
      filled(words.time, { from: time(summary.started), to: summary.ended === undefined ? '…' : time(summary.ended) }),
      words.ending[summary.ending ?? 'running'],
      summary.stopped ?? '',
    ),
    section(
      words.outcomes,
      Object.entries(summary.outcomes).map(
        ([outcome, count]) => `${shownOutcome(outcome as Outcome, language)}${words.colon}${count}`,
      ),
    ),
    section(
      words.reasons,
      summary.reasons.map(
        ({ problem, rows, reason }) => `${rows} × ${markdownText(problem)}${words.colon}${markdownText(reason)}`,
      ),
    ),
    section(words.calls, [filled(words.used, { used: calls.used_tonight, left: calls.left, limit: calls.limit })]),
    section(
      words.files,
      summary.files.map(
        ({ file, batch, report, notes = [] }) =>
          `${markdownText(file)}${filled(words.ofBatch, { batch })}${words.colon}${[report, ...notes].map(markdownText).join(words.semicolon)}`,
      ),
    ),
    section(
      words.rejected,
      summary.rejected.map(({ file, why }) => `${markdownText(file)}${words.colon}${markdownText(why)}`),
    ),
    section(words.toCall, [
      ...(to_confirm === undefined
        ? []
        : [filled(words.toConfirm, { count: to_confirm.count, until: time(to_confirm.first_deadline) })]),
      ...to_call
        .slice(0, CALLS_SHOWN)
        .map(
          ({ name, file, line, reason, next_step }) =>
            `${markdownText(name)}${filled(words.place, { file: markdownText(file), line })}${words.colon}${markdownText(sentences(reason, next_step))}`,
        ),
      ...(unlisted > 0 ? [filled(words.more, { count: unlisted })] : []),
      filled(listsAll ? words.todo : words.mostUrgent, { todo: markdownText(todo) }),
    ]),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
    .concat('\n');
}

/** Programs read the words of the English summary, too; only people read the Chinese one. */
function shownOutcome(outcome: Outcome, language: Language): string {
  return language === 'zh' ? OUTCOMES[outcome].zh : outcome;
}

function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : [`## ${title}`, '', ...items.map((item) => `- ${item}`)].join('\n');
}
