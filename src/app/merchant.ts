/** Everything that is known of one merchant: its registration, its rows, its attempts, and what is done next. */
import { readable } from '../domain/clean-cell.js';
import { confirmByOf } from '../domain/link.js';
import type { Merchant } from '../domain/merchant.js';
import { isOver, isUnsent } from '../domain/registration.js';
import type { HistoryEntry, Snapshot } from '../domain/snapshot.js';
import type { Language } from '../domain/words.js';
import { type Attempt, attemptsIn } from '../reporter/attempts.js';
import { contactsOf } from '../reporter/contacts.js';
import { type Found, foundAt } from '../reporter/find.js';
import { type Next, nextOf } from '../reporter/next.js';
import { rowsNamed, type TimelineEntry, timelineOf } from '../reporter/timeline.js';
import { toldStory } from './history.js';
import { registrationNamed } from './registration-named.js';
import { reportOptionsOf } from './report-options.js';
import type { Store } from './wiring/store.js';

export interface MerchantFacts {
  readonly snapshot: Snapshot;
  /** Undefined once they are purged. */
  readonly merchant: Merchant | undefined;
  readonly next: Next;
  /** The row that speaks for the registration, as its report has it; undefined once it is purged. */
  readonly speaks: Found | undefined;
  /** The contacts in that row, as a to-do has them; '' where it has none. */
  readonly contact: string;
  /** What else that row has, in columns of the sheet's own. */
  readonly others: readonly (readonly [heading: string, cell: string])[];
  /** Rows of all batches that name the merchant, the newest first; `rowsInAll`: more may have been purged, or are not listed. */
  readonly rows: readonly Found[];
  readonly rowsInAll: number;
  readonly timeline: readonly TimelineEntry[];
  readonly attempts: readonly Attempt[];
  readonly notes: readonly HistoryEntry[];
  /** Until when the legal person has to confirm, in ms since 1970. */
  readonly confirmBy: number | undefined;
  readonly may: { readonly retry: boolean; readonly cancel: boolean; readonly correct: boolean };
}

/** A merchant in more sheets is found by the search. */
const MOST_ROWS = 20;

/** @throws RequestError where there is no such registration */
export async function merchantFacts(store: Store, id: string, language: Language): Promise<MerchantFacts> {
  const [snapshot, history, options] = await Promise.all([
    registrationNamed(store, id),
    store.ledger.history(id),
    reportOptionsOf(store, language),
  ]);
  const story = await toldStory(store, { snapshot, history, blockedReason: options.blockedReason });
  const { registration, row } = snapshot;
  const pointers = rowsNamed(story).filter((pointer) => story.lines.has(pointer));
  const rowAt = (pointer: string): Promise<Found | undefined> => foundAt(store, pointer, options, story.batches);
  const [speaks, ...rows] = await Promise.all([
    rowAt(registration.row),
    ...newestFirst(pointers, story.batches).slice(0, MOST_ROWS).map(rowAt),
  ]);
  const endsAt = confirmByOf(registration);
  const { state } = registration;
  const hasMiniProgram = state === 'created' || registration.earlierAppids !== undefined;
  return {
    snapshot,
    merchant: row?.merchant,
    next: nextOf(registration, options),
    speaks,
    contact: speaks === undefined ? '' : contactsOf(speaks.batch, { language })(speaks.row.cells),
    others: speaks === undefined ? [] : othersIn(speaks),
    rows: rows.filter((it) => it !== undefined),
    rowsInAll: pointers.length,
    timeline: timelineOf(story, language),
    attempts: attemptsIn(story.history),
    notes: story.history.filter(({ kind }) => kind === 'noted'),
    confirmBy: endsAt !== undefined && endsAt > options.now ? endsAt : undefined,
    may: {
      retry: row !== undefined && state !== 'created' && (isOver(state) || registration.wait === 'not_before'),
      cancel: row !== undefined && (isUnsent(state) || registration.waitingRows.length > 0),
      correct: row !== undefined && !hasMiniProgram,
    },
  };
}

function othersIn({ batch: { headings, columns }, row: { cells } }: Found): MerchantFacts['others'] {
  return headings.flatMap((heading, at) => {
    const cell = columns.includes(at) ? '' : readable(cells[at] ?? '');
    return cell === '' ? [] : [[readable(heading), cell] as const];
  });
}

function newestFirst(pointers: readonly string[], batches: ReadonlyMap<string, { readonly loadedAt: number }>) {
  const loadedAt = (pointer: string): number => batches.get(pointer.slice(0, pointer.lastIndexOf('/')))?.loadedAt ?? 0;
  return [...pointers].sort((one, other) => loadedAt(other) - loadedAt(one));
}
