/** A registration's whole history on one page: what it is, what happens next, and everything that happened, in order. */
import { problemReason } from '../domain/problems.js';
import { FACTS, MOVES, STATES } from '../domain/registration.js';
import { ACTORS, type Language } from '../domain/words.js';
import type { Batch, Links } from '../redis/batches.js';
import { batchOf, type HistoryEntry, type View } from '../redis/ledger.js';
import { nextOf } from './next.js';
import { type Standstill, troubleOf } from './sentences.js';

export interface Story {
  readonly view: View;
  readonly history: readonly HistoryEntry[];
  readonly links: Links;
  /** Of the rows that the registration and its history name, by id; a purged one is missing. */
  readonly batches: ReadonlyMap<string, Batch>;
  readonly standstill: Standstill | undefined;
}

/** `batch/index` → its batch. */
export function batchesNamed({ view, history }: Pick<Story, 'view' | 'history'>): string[] {
  const { row, alsoRows } = view.registration;
  const pointers = [row, ...alsoRows, ...history.flatMap((entry) => entry.row ?? [])];
  return [...new Set(pointers.map(batchOf))];
}

/** `time` writes ms since 1970 for the reader. */
export function historyPage(story: Story, language: Language, time: (at: number) => string): string {
  const { view, history, links } = story;
  const { registration, row } = view;
  const trouble = troubleOf(registration.problem);
  const next = nextOf(registration, story.standstill);
  const state = STATES[registration.state];
  // The first row has no entry of its own: it is the one that the registration has, unless a later row took its place.
  const firstRow = history.some((entry) => entry.kind === 'row_accepted') ? undefined : registration.row;
  const lines = [
    `${registration.id}: ${registration.state}`,
    `  ${state[language]}`,
    ...(trouble ? [`  ${registration.problem}: ${trouble[language]}`] : []),
    ...(registration.said ? [`  WeChat: ${registration.said}`] : []),
    ...(registration.appid
      ? [`  appid ${registration.appid}, authorization ${registration.authorizer ?? 'not exchanged'}`]
      : []),
    ...(registration.earlierAppids
      ? [`  before it was asked for again: ${registration.earlierAppids.join(', ')}`]
      : []),
    `  attempts: ${registration.attempt}`,
    ...(links.from ? [`  Its row was corrected: before, it was ${links.from}`] : []),
    ...(links.became ? [`  Its row was corrected since: now it is ${links.became}`] : []),
    '',
    `next: ${next[language]}`,
    ...(next.by === undefined ? [] : [`  ${nextTime(registration.state)} ${time(next.by)}`]),
    `  who acts: ${ACTORS[next.acts][language]}`,
    '',
    ...(firstRow === undefined ? [] : rowLine(story, firstRow, undefined, language, time)),
    ...history.flatMap((entry) =>
      entry.kind === 'row_accepted' && entry.row !== undefined
        ? rowLine(story, entry.row, entry, language, time)
        : entryLines(entry, time),
    ),
    ...registration.alsoRows.map((pointer) => `also asked for by ${place(story, pointer)}`),
    ...(row === undefined
      ? ['The details were purged.']
      : row.problems.map((it) => `  ${problemReason(it)[language]}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function nextTime(state: string): string {
  return state === 'rejected' ? 'not before' : 'by';
}

function rowLine(
  story: Story,
  pointer: string,
  entry: HistoryEntry | undefined,
  language: Language,
  time: (at: number) => string,
): string[] {
  const batch = story.batches.get(batchOf(pointer));
  const at = entry?.at ?? batch?.loadedAt;
  const warnings = pointer === story.view.registration.row ? (story.view.row?.problems ?? []) : [];
  const waits = entry?.until === undefined ? '' : ` until ${time(entry.until)}`;
  return [
    `${at === undefined ? 'before' : time(at)}  row_accepted  ${place(story, pointer)}  → ${entry?.to ?? 'queued'}${waits}`,
    `  ${FACTS.row_accepted.en}${entry === undefined ? '' : ': a new attempt'}`,
    ...warnings.map((problem) => `  ${problemReason(problem)[language]}`),
  ];
}

function place({ view, batches }: Story, pointer: string): string {
  const batch = batches.get(batchOf(pointer));
  const line = pointer === view.registration.row ? view.row?.line : undefined;
  if (batch === undefined) return `a row of a purged batch (${pointer})`;
  return `${line === undefined ? `row ${Number(pointer.slice(pointer.lastIndexOf('/') + 1)) + 1}` : `line ${line}`} of ${batch.file} (${pointer})`;
}

function entryLines(entry: HistoryEntry, time: (at: number) => string): string[] {
  const what = [entry.kind, entry.problem, entry.said, entry.appid].filter(Boolean).join('  ');
  const after = entry.to === undefined ? 'changed nothing' : `→ ${entry.to}`;
  const until = entry.until === undefined ? '' : ` until ${time(entry.until)}`;
  const pushed = entry.pushedAt === undefined ? '' : `; WeChat sent it at ${time(entry.pushedAt)}`;
  return [
    `${time(entry.at)}  ${what}  ${after}${until}`,
    `  ${FACTS[entry.kind].by}: ${FACTS[entry.kind].en}${becauseOf(entry)}${pushed}`,
  ];
}

/** The rule that was applied is not stored; several rules of one fact can lead to one state. */
function becauseOf(entry: HistoryEntry): string {
  if (entry.because) return `: ${entry.because}`;
  const rules = MOVES.filter((move) => move.fact === entry.kind && move.to === entry.to);
  return rules.length === 1 && rules[0] ? `; ${rules[0].because}` : '';
}
