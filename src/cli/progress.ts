/** How far the rows of a run are: a bar, how fast they are sent, and how long that takes yet. */
import { leftInWords } from '../app/pace.js';
import { byOutcome, type Counts, countOf } from '../domain/batch.js';
import type { State } from '../domain/registration.js';
import type { Language, Words } from '../domain/words.js';
import { toBeSentSoon, unsent } from '../reporter/tally.js';

/** So much of the past counts. Pushes and pauses make shorter times jump. */
const LOOKED_BACK_MS = 60_000;
/** After less, a rate is a guess. */
const MEASURED_FOR_MS = 3_000;
const MINUTE_MS = 60_000;

export interface Pace {
  readonly rowsPerMinute: number;
  /** Until what can be sent now is sent; absent where nothing is left. */
  readonly leftMs?: number;
}

/** Measures how fast rows are sent; undefined while that is not known. */
export function openPace(): (counts: Counts, now: number) => Pace | undefined {
  const seen: { at: number; left: number }[] = [];
  return (counts, now) => {
    const left = unsent(counts);
    seen.push({ at: now, left });
    while ((seen[0]?.at ?? now) < now - LOOKED_BACK_MS) seen.shift();
    const first = seen[0] ?? { at: now, left };
    const tookMs = now - first.at;
    const sent = first.left - left;
    if (tookMs < MEASURED_FOR_MS || sent <= 0) return undefined;
    const toSend = toBeSentSoon(counts);
    return {
      rowsPerMinute: Math.round((sent * MINUTE_MS) / tookMs),
      ...(toSend > 0 && { leftMs: (toSend * tookMs) / sent }),
    };
  };
}

/** Also in Chinese with signs that are one column wide in every terminal. */
const BAR = 24;

/** `[######===...............]`: done, sent, not sent yet. */
function bar(rows: number, done: number, left: number): string {
  const columns = (count: number): number => (rows === 0 ? 0 : Math.floor((count * BAR) / rows));
  const sent = columns(rows - left);
  return `[${'#'.repeat(columns(done)).padEnd(sent, '=').padEnd(BAR, '.')}]`;
}

const WORDS = {
  done: { en: '{count}/{rows} done', zh: '已完成 {count}/{rows}' },
  queued: { en: '{count} queued', zh: '排队 {count}' },
  submitting: { en: '{count} submitting', zh: '提交中 {count}' },
  deferred: { en: '{count} deferred', zh: '稍后提交 {count}' },
  awaiting_legal_person: { en: '{count} awaiting legal person', zh: '等待法人 {count}' },
  rate: { en: '{count} rows/min', zh: '每分钟 {count} 行' },
  calls: { en: '{count} of {limit} calls today', zh: '今日已调用 {count}/{limit} 次' },
} as const satisfies Record<string, Words>;

const SHOWN = ['queued', 'submitting', 'deferred', 'awaiting_legal_person'] as const satisfies readonly State[];

export interface ProgressOptions {
  readonly language: Language;
  /** Whether there is a bar: a line that is rewritten has one. */
  readonly withBar: boolean;
}

/** `[####==....] 38/41 done · 60 rows/min · 3 s left to send · 3 queued · 120 of 1000 calls today` */
export function progressLine(
  counts: Counts,
  calls: { readonly used: number; readonly limit: number },
  pace: Pace | undefined,
  { language, withBar }: ProgressOptions,
): string {
  const say = (word: keyof typeof WORDS, values: Readonly<Record<string, number>>): string =>
    WORDS[word][language].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  const outcomes = byOutcome(counts);
  const rows = Object.values(outcomes).reduce((total, count) => total + count, 0);
  const done = rows - (outcomes.pending ?? 0);
  const parts = [
    say('done', { count: done, rows }),
    ...(pace === undefined ? [] : [say('rate', { count: pace.rowsPerMinute })]),
    ...(pace?.leftMs === undefined ? [] : [leftInWords(pace.leftMs)[language]]),
    ...SHOWN.flatMap((state) => {
      const count = countOf(counts, state);
      return count > 0 ? [say(state, { count })] : [];
    }),
    say('calls', { count: calls.used, limit: calls.limit }),
  ];
  return `${withBar ? `${bar(rows, done, unsent(counts))} ` : ''}${parts.join(' · ')}`;
}
