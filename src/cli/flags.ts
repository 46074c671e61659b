/** What people write after a flag, as values. A word that means nothing is refused with the flag and what to write instead. */
import { readMoment } from '../domain/calendar.js';
import type { Schedule } from '../domain/night.js';
import { OUTCOMES } from '../domain/outcomes.js';
import { parseDuration } from '../domain/patience.js';
import type { Outcome } from '../domain/registration.js';
import { shareFromText } from '../domain/share.js';
import { ACTORS, type Actor, type Language, type Words } from '../domain/words.js';
import { UsageError } from './command.js';
import { spokenLanguage } from './language.js';

/** Undefined: the language of the command. */
export function languageFrom(text: string | undefined): Language {
  if (text === undefined) return spokenLanguage();
  if (text === 'zh' || text === 'en') return text;
  throw new UsageError({ en: `--lang ${text}: write zh or en.`, zh: `--lang ${text}：请写 zh 或 en。` });
}

export function outcomesFrom(text: string | undefined): ReadonlySet<Outcome> | undefined {
  return text === undefined
    ? undefined
    : namesFrom(text, OUTCOMES, (unknown, names) => ({
        en: `--only ${unknown}: the outcomes are ${names}.`,
        zh: `--only ${unknown}：可选的结果有 ${namesWithWords(OUTCOMES)}。`,
      }));
}

export const WHO = Object.keys(ACTORS) as readonly Actor[];

const { nobody: _, ...withTodos } = ACTORS;
/** For `todo`: those that have a next step. */
export const WITH_TODOS = withTodos;

/** `created（已创建）、rejected（未通过）`: names that are typed, and what they mean. */
export function namesWithWords(table: Readonly<Record<string, Words>>): string {
  return Object.entries(table)
    .map(([name, { zh }]) => `${name}（${zh}）`)
    .join('、');
}

/** @param actors those that can be asked for */
export function whoFrom<Name extends Actor>(
  text: string | undefined,
  actors: Readonly<Record<Name, Words>>,
): ReadonlySet<Name> | undefined {
  return text === undefined
    ? undefined
    : namesFrom(text, actors, (unknown, names) => ({
        en: `--who ${unknown}: use ${names}.`,
        zh: `--who ${unknown}：请写 ${namesWithWords(actors)}。`,
      }));
}

/** The machine's words, or what a Chinese report has in their place. */
function namesFrom<Name extends string>(
  text: string,
  table: Readonly<Record<Name, Words>>,
  refusal: (unknown: string, names: string) => Words,
): ReadonlySet<Name> {
  const names = Object.keys(table) as Name[];
  const read = text.split(/[,，、]/).map((word) => {
    const wanted = word.trim();
    return { wanted, name: names.find((name) => name === wanted || table[name].zh === wanted) };
  });
  const unknown = read.flatMap(({ wanted, name }) => (name === undefined ? [wanted] : []));
  if (unknown.length > 0) throw new UsageError(refusal(unknown.join(','), names.join(', ')));
  return new Set(read.flatMap(({ name }) => name ?? []));
}

/** By the name of the file. */
export function isWorkbook(file: string): boolean {
  return /\.xlsx$/i.test(file);
}

/** For commands that print a file where `-o` names none. */
export function refuseWorkbookOnTerminal(): void {
  if (!process.stdout.isTTY) return;
  throw new UsageError({
    en: 'Refusing to print a workbook to the terminal; use -o FILE.',
    zh: 'Excel 工作簿不能打印到屏幕，请用 -o 指定文件。',
  });
}

/** A moment on the clock of the quota's time zone, or so long ago. */
export function sinceFrom(text: string | undefined, timezone: string): number | undefined {
  if (text === undefined) return undefined;
  const moment = readMoment(text, timezone);
  if (moment !== undefined) return moment;
  try {
    return Date.now() - parseDuration(text);
  } catch (cause) {
    throw new UsageError(
      {
        en: `--since ${text}: write a day as 2026-11-20, a time as "2026-11-20 22:00", or 24h.`,
        zh: `--since ${text}：请写日期（2026-11-20）、时间（"2026-11-20 22:00"）或时长（24h）。`,
      },
      { cause },
    );
  }
}

/** @throws UsageError that names the flag */
export function countFrom(flag: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new UsageError({
      en: `${flag} ${text}: write a whole number from 1.`,
      zh: `${flag} ${text}：请写不小于 1 的整数。`,
    });
  }
  return count;
}

/** @throws UsageError: a word that is neither must not send rows that were to be held back */
export function yesOrNo(flag: string, text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new UsageError({ en: `${flag} ${text}: write yes or no.`, zh: `${flag} ${text}：请写 yes 或 no。` });
}

/** @throws UsageError; 1 where every row may be invalid */
export function mostInvalidFrom(text: string | undefined): number {
  if (text === undefined) return 1;
  const share = shareFromText(text);
  if (share === undefined)
    throw new UsageError({
      en: `--max-invalid ${text}: write a share of the rows, e.g. 5%.`,
      zh: `--max-invalid ${text}：请写行数的百分比，如 5%。`,
    });
  return share;
}

export function untilFrom(text: string | undefined): Schedule['until'] {
  if (text === undefined) return 'settled';
  if (text === 'submitted') return 'submitted';
  throw new UsageError({
    en: `--until ${text}: the only word here is submitted.`,
    zh: `--until ${text}：这里只能写 submitted。`,
  });
}
