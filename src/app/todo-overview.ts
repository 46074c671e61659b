/**
 * Which rows are to-dos, and how urgent, for a page that is looked at all the time: read once from all batches, then again
 * from the pages of rows that have changed.
 */
import { type Batch, type Counts, ROWS_PER_PAGE } from '../domain/batch.js';
import { STATES, type State } from '../domain/registration.js';
import { batchOf, type RowWithOutcome } from '../domain/row.js';
import type { Actor } from '../domain/words.js';
import { giveWay } from '../give-way.js';
import { changesSince, type PageOfRows } from '../redis/ledger/changes.js';
import type { PackedPage } from '../redis/ledger/packed-rows.js';
import { PageCursor } from '../redis/ledger/page-cursor.js';
import type { RefusedRow } from '../reporter/corrected-later.js';
import {
  isToSettle,
  oncePerMerchant,
  TO_CONTACT,
  TO_SETTLE,
  type TodoOptions,
  todosAmong,
  type Urgency,
  urgency,
} from '../reporter/todo.js';
import { sleep } from '../sleep.js';
import { type Look, type Looks, openLooks } from './looks.js';
import { correctedLaterOf } from './wiring/corrected-later.js';
import type { Store } from './wiring/store.js';

export type TodoStore = Pick<Store, 'batches' | 'calls' | 'identify' | 'ledger' | 'redis' | 'settings' | 'log'>;

/** A row that is a to-do. Of a million failed rows the details would not fit into the memory of a process that serves. */
export interface Pointer extends Urgency {
  readonly batch: string;
  readonly index: number;
  /** '' of a row that our checks refused. */
  readonly registration: string;
  /** As of {@link Todo}. */
  readonly notedBy: string;
  readonly who: Actor;
  readonly isContacted: boolean;
  readonly refused: RefusedRow | undefined;
  /** It differs from the row of its file that was taken. */
  readonly isDuplicate: boolean;
}

export interface TodoOverview {
  /** Merchants to contact, the most urgent first. */
  readonly contacts: readonly Pointer[];
  /** Rows that wait for an operator, the newest first. */
  readonly toSettle: readonly Pointer[];
  /** How many of all, by the side that has to act. */
  readonly byActor: ReadonlyMap<Actor, number>;
  /** False until every batch was read once. */
  readonly isRead: boolean;
}

interface ReadPage extends PageOfRows {
  pointers: readonly Pointer[];
  /** How many more it had than are kept, by the side that has to act. */
  cut: ReadonlyMap<Actor, number>;
  /** When the first deadline of its to-dos ends: who has to act may be another one then. */
  readonly endsAt: number;
}

interface Known {
  epoch: string | undefined;
  changes: number;
  /** In the order of loading. */
  order: ReadonlyMap<string, number>;
  /** Those with to-dos. */
  readonly pages: Map<string, ReadPage>;
  pointers: number;
  /** Refused rows and duplicates that need nothing any more, by {@link placeOf}; and up to which change that was looked up, -1: to none. */
  corrected: ReadonlySet<string>;
  correctedAt: number;
  contacts: readonly Pointer[];
  toSettle: readonly Pointer[];
  byActor: ReadonlyMap<Actor, number>;
  isMerged: boolean;
  isRead: boolean;
  readonly looks: Looks;
  readonly corrections: Looks;
}

/** Of these the most urgent are listed; the command, and its workbook, have all. */
export const MOST_TODOS = 2_000;

const overviews = new WeakMap<Store['redis'], Known>();

/**
 * @param asked with notes; in any language
 * @param mostMs for how long the page waits for what has just changed; absent: up to a second
 */
export async function overviewOf(
  store: TodoStore,
  asked: Promise<TodoOptions>,
  mostMs?: number,
): Promise<TodoOverview> {
  const known = knownOf(store);
  const looked = known.looks
    .begin(() => look(store, known, asked))
    .then(() =>
      known.correctedAt === known.changes ? undefined : known.corrections.begin(() => readCorrectedLater(store, known)),
    );
  // A page that waits for the list fails with it; where none waits, the log has the error.
  looked.catch((error) => store.log.warn({ err: error }, 'the to-dos could not be read'));
  // The page waits for its options in any case.
  await Promise.race([looked, asked.then(() => sleep(mostMs ?? known.looks.patience()))]);
  if (!known.isMerged) merge(known);
  return known;
}

function knownOf({ redis }: TodoStore): Known {
  let known = overviews.get(redis);
  if (known === undefined) {
    known = {
      epoch: undefined,
      changes: 0,
      order: new Map(),
      pages: new Map(),
      pointers: 0,
      corrected: new Set(),
      correctedAt: -1,
      contacts: [],
      toSettle: [],
      byActor: new Map(),
      isMerged: true,
      isRead: false,
      looks: openLooks(),
      corrections: openLooks(),
    };
    overviews.set(redis, known);
  }
  return known;
}

// --- reading ----------------------------------------------------------------------------------------------------------

async function look(store: TodoStore, known: Known, asked: Promise<TodoOptions>): ReturnType<Look> {
  const [found, options] = await Promise.all([changesSince(store.redis, known.changes), asked]);
  if (found.batches !== known.order.size) {
    known.order = new Map((await store.batches.list()).map((id, at) => [id, at]));
  }
  const isFirst = found.epoch !== known.epoch || found.count < known.changes;
  if (isFirst) {
    await readAll(store, known, options);
  } else {
    for (const page of [...found.pages, ...overdue(known, options.now)]) await readAgain(store, known, page, options);
  }
  known.epoch = found.epoch;
  known.changes = found.count;
  return isFirst ? 'first' : 'further';
}

function overdue({ pages }: Known, now: number): ReadPage[] {
  return [...pages.values()].filter(({ endsAt }) => endsAt <= now);
}

async function readAll(store: TodoStore, known: Known, options: TodoOptions): Promise<void> {
  const { batches } = store;
  Object.assign(known, { isRead: false, isMerged: false, correctedAt: -1, pointers: 0 } satisfies Partial<Known>);
  known.pages.clear();
  const newestFirst = [...known.order.keys()].reverse();
  for (let at = 0; at < newestFirst.length; at += ASKED_AT_ONCE) {
    const some = newestFirst.slice(at, at + ASKED_AT_ONCE);
    const counts = await Promise.all(some.map(batches.counts));
    for (const id of some.filter((_, place) => mayHaveTodos(counts[place] ?? {}))) {
      const batch = await batches.find(id);
      if (batch === undefined || batch.purgedAt !== undefined) continue;
      for await (const page of batches.packedPages(batch)) await keep(store, known, batch, page, options);
    }
    await giveWay();
  }
}

async function readAgain(
  store: TodoStore,
  known: Known,
  { batch: id, page }: PageOfRows,
  options: TodoOptions,
): Promise<void> {
  const batch = await store.batches.find(id);
  await giveWay();
  if (batch === undefined || batch.purgedAt !== undefined) {
    forget(known, `${id}:${page}`);
    return;
  }
  for await (const part of store.batches.packedPage(id, page)) await keep(store, known, batch, part, options);
}

const ASKED_AT_ONCE = 200;

/** Of most batches every row waits to be sent, or is over without anything left to do. */
function mayHaveTodos(counts: Counts): boolean {
  return Object.keys(counts).some((name) => !goesOnByItself(name.split('/')[0] ?? '') && name !== 'already_created');
}

/** It is sent, or sent again, without a person. */
function goesOnByItself(name: string): boolean {
  const state = Object.hasOwn(STATES, name) ? STATES[name as State] : undefined;
  return state?.outcome === 'pending' && state.acts === 'nobody';
}

async function keep(
  { batches }: TodoStore,
  known: Known,
  batch: Batch,
  page: PackedPage,
  asked: TodoOptions,
): Promise<void> {
  const options = { ...asked, who: ANYONE };
  const pointers: Pointer[] = [];
  const entries = entriesOf(batch, page);
  for (let at = 0; at < entries.length; at += ROWS_AT_ONCE) {
    if (at > 0) await giveWay();
    const found = await todosAmong(batches, batch, entries.slice(at, at + ROWS_AT_ONCE), options);
    for (const { index, todo, refused } of found) {
      const { registration_id: registration, who_acts: who, finished_at: finishedAt, outcome } = todo.row;
      pointers.push({
        batch: batch.id,
        index,
        registration,
        notedBy: todo.notedBy,
        who: who as Actor,
        finishedAt,
        confirmBy: todo.confirmBy,
        isContacted: todo.notes.contactedAt !== undefined,
        refused,
        isDuplicate: outcome === 'duplicate',
      });
    }
  }
  const number = Math.floor(page.first / ROWS_PER_PAGE);
  const name = `${batch.id}:${number}`;
  // A page of long rows comes in parts.
  if (page.first % ROWS_PER_PAGE === 0) forget(known, name);
  if (pointers.length === 0) return;
  const before = known.pages.get(name) ?? { pointers: [], cut: new Map(), endsAt: Number.POSITIVE_INFINITY };
  known.pages.set(name, {
    batch: batch.id,
    page: number,
    pointers: [...before.pointers, ...pointers],
    cut: before.cut,
    endsAt: Math.min(before.endsAt, ...pointers.map(({ confirmBy = Number.POSITIVE_INFINITY }) => confirmBy)),
  });
  known.pointers += pointers.length;
  known.isMerged = false;
  if (known.pointers > 8 * MOST_TODOS) merge(known);
}

const ANYONE: ReadonlySet<Actor> = new Set([...TO_CONTACT, ...TO_SETTLE]);
/** After so many rows the ports are answered. */
const ROWS_AT_ONCE = 64;

function entriesOf(batch: Batch, page: PackedPage): RowWithOutcome[] {
  const row = new PageCursor(page);
  const entries: RowWithOutcome[] = [];
  while (row.next()) {
    // A registration that was never sent; of a million new rows nothing is unpacked.
    if (row.isPlain && row.fields === 0) continue;
    const entry = row.entry(batch.columns);
    const { relation, registration } = entry;
    const isOwn = relation.kind !== 'refused' && relation.kind !== 'duplicate';
    if (!isOwn || !goesOnByItself(registration?.state ?? '')) entries.push(entry);
  }
  return entries;
}

function forget(known: Known, name: string): void {
  const read = known.pages.get(name);
  if (read === undefined) return;
  known.pages.delete(name);
  known.pointers -= read.pointers.length;
  known.isMerged = false;
}

/**
 * Rows that our checks refused leave the list when their merchant is under way or a newer sheet has it, whatever came of that;
 * duplicates when their enterprise has a Mini Program, or a newer sheet has it again. What changes then are pages of other rows.
 */
async function readCorrectedLater(store: TodoStore, known: Known): ReturnType<Look> {
  const { changes } = known;
  const refused = new Map<RefusedRow, string>();
  const duplicates: Pointer[] = [];
  for (const { pointers } of known.pages.values()) {
    for (const pointer of pointers) {
      if (pointer.refused !== undefined) refused.set(pointer.refused, placeOf(pointer));
      if (pointer.isDuplicate) duplicates.push(pointer);
    }
  }
  if (refused.size + duplicates.length > 0) {
    const [corrected, leaders] = await Promise.all([
      correctedLaterOf(store)([...refused.keys()]),
      store.batches.leaders(duplicates.map(({ registration }) => registration)),
    ]);
    const age = (id: string): number => known.order.get(id) ?? 0;
    const over = duplicates.filter(({ registration, batch }) => {
      const leader = leaders.get(registration);
      if (leader === undefined || leader.isCreated) return leader !== undefined;
      return [leader.row, ...(leader.others ?? [])].some((row) => age(batchOf(row)) > age(batch));
    });
    known.corrected = new Set([...[...corrected].map((row) => refused.get(row) ?? ''), ...over.map(placeOf)]);
    known.isMerged = false;
  }
  known.correctedAt = changes;
  // Until then, rows that were corrected since are counted, too.
  known.isRead = true;
  return 'further';
}

function placeOf({ batch, index }: Pointer): string {
  return `${batch}/${index}`;
}

/** Each merchant once, by the row of the newest batch; of what cannot come into the list nothing is kept. */
function merge(known: Known): void {
  const isFirst = oncePerMerchant();
  const all: Pointer[] = [];
  const byActor = new Map<Actor, number>();
  const age = ({ batch }: ReadPage): number => known.order.get(batch) ?? 0;
  const pages = [...known.pages.values()].sort((one, other) => age(other) - age(one) || one.page - other.page);
  for (const read of pages) {
    for (const [who, count] of read.cut) byActor.set(who, (byActor.get(who) ?? 0) + count);
    for (const pointer of read.pointers) {
      const mayBeCorrected = pointer.refused !== undefined || pointer.isDuplicate;
      if (mayBeCorrected && known.corrected.has(placeOf(pointer))) continue;
      if (isFirst(pointer.registration, pointer.isDuplicate ? pointer.batch : undefined)) all.push(pointer);
    }
  }
  const contacts = all.filter(({ who }) => !isToSettle(who)).sort(urgency);
  const toSettle = all.filter(({ who }) => isToSettle(who)).sort(urgency);
  known.contacts = contacts.slice(0, MOST_TODOS);
  known.toSettle = toSettle.slice(0, MOST_TODOS);
  for (const { who } of all) byActor.set(who, (byActor.get(who) ?? 0) + 1);
  known.byActor = byActor;
  known.isMerged = true;
  if (Math.max(contacts.length, toSettle.length) <= 2 * MOST_TODOS) return;
  const counted = new Set(all);
  const kept = new Set([...contacts.slice(0, 2 * MOST_TODOS), ...toSettle.slice(0, 2 * MOST_TODOS)]);
  known.pointers = 0;
  for (const read of pages) {
    const cut = new Map(read.cut);
    for (const pointer of read.pointers) {
      if (counted.has(pointer) && !kept.has(pointer)) cut.set(pointer.who, (cut.get(pointer.who) ?? 0) + 1);
    }
    read.cut = cut;
    read.pointers = read.pointers.filter((pointer) => kept.has(pointer));
    known.pointers += read.pointers.length;
  }
}
