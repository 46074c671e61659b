/** What asking for a retry or a cancellation of a batch's rows would do, found out page by page before anything is done. */

import type { Batch } from '../domain/batch.js';
import { type Ask, type Cannot, judge, type Mind, type Verdict } from '../domain/operator.js';
import { type Outcome, STATES } from '../domain/registration.js';
import type { RowWithOutcome } from '../domain/row.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Actor } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';

export interface ActionRequest {
  readonly ask: Ask;
  readonly batch: Batch;
  /** Only the row at this index, whatever its outcome: a person named its registration. */
  readonly index?: number;
  /** Only rows of these outcomes; absent: those for which the ask makes sense. */
  readonly only?: ReadonlySet<Outcome> | undefined;
  /** ms since 1970 */
  readonly now: number;
  /** When the person was shown what would be done, once it is being done; ms since 1970. */
  readonly shownAt?: number;
}

/** How many, and the lines of the first of them. */
export interface Group {
  readonly count: number;
  readonly lines: readonly number[];
}

export interface ActionPreview {
  readonly can: number;
  /** Which rows these are. */
  readonly rows: RowSet;
  /** Of these, the rows that `applyAction` has moved so far. */
  readonly moved: RowSet;
  readonly mind: ReadonlyMap<Mind, Group>;
  readonly cannot: ReadonlyMap<Cannot, Group>;
}

export interface ActionTools {
  readonly batches: Batches;
  readonly ledger: Ledger;
  /** The side that has to act on a problem, e.g. of `push:1001`. */
  readonly actsOn: (problem: string | undefined) => Actor | undefined;
}

/** What is meant where no outcome was named. `invalid`, so that it is said why those are not sent. */
const USUAL: Readonly<Record<Ask, ReadonlySet<Outcome>>> = {
  retry: new Set<Outcome>(['rejected', 'expired', 'needs_review', 'invalid']),
  cancel: new Set<Outcome>(['pending']),
};

const LINES_TOLD = 5;

/**
 * A first pass over the batch: a page of it is in memory at a time, and of each row that can be done one bit stays.
 * @param found registrations of the requests before, where there are several: what moves one of its rows moves all of them
 */
export async function previewAction(
  tools: ActionTools,
  request: ActionRequest,
  found?: Set<string>,
): Promise<ActionPreview> {
  const rows = new RowSet(request.batch.rows);
  const mind = new Map<Mind, Group>();
  const cannot = new Map<Cannot, Group>();
  for await (const entries of partsOf(tools, request)) {
    for (const { entry, verdict, snapshot } of await judgeRows(tools, request, entries)) {
      if (verdict.kind === 'cannot') {
        add(cannot, verdict.why, entry.row.line);
      } else if (isFirst(found, snapshot)) {
        rows.add(entry.index);
        if (verdict.mind !== undefined) add(mind, verdict.mind, entry.row.line);
      }
    }
  }
  return { can: rows.size, rows, moved: new RowSet(request.batch.rows), mind, cannot };
}

function isFirst(found: Set<string> | undefined, snapshot: Snapshot | undefined): boolean {
  if (found === undefined || snapshot === undefined) return true;
  const { size } = found;
  return found.add(snapshot.registration.id).size > size;
}

/** While some are recorded, others are read. More would only lie in memory. */
const PARTS_AT_ONCE = 4;

/**
 * The second pass records the operator's fact of each row that the preview has found, and answers how many it moved.
 * Each is decided anew: another fact may have come first. After an interrupted pass another one goes on with the rest.
 */
export async function applyAction(
  tools: ActionTools,
  request: ActionRequest,
  { rows, moved }: Pick<ActionPreview, 'rows' | 'moved'>,
  because: string,
  now: () => number,
): Promise<number> {
  const { ledger } = tools;
  const before = moved.size;
  const parts = partsOf(tools, request)[Symbol.asyncIterator]();
  async function workOff(): Promise<void> {
    for (let part = await parts.next(); part.done !== true; part = await parts.next()) {
      const entries = part.value.filter(({ index }) => rows.has(index) && !moved.has(index));
      const judged = await judgeRows(tools, { ...request, now: now(), shownAt: request.now }, entries);
      await Promise.all(
        judged.map(async ({ entry, verdict, snapshot }) => {
          if (verdict.kind === 'cannot' || snapshot === undefined) return;
          const { id } = snapshot.registration;
          const { move } = await ledger.record(id, { ...verdict.fact, at: now(), because }, {}, snapshot);
          if (move !== undefined) moved.add(entry.index);
        }),
      );
    }
  }
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, workOff));
  return moved.size - before;
}

function partsOf({ batches }: ActionTools, { batch, index }: ActionRequest): AsyncIterable<readonly RowWithOutcome[]> {
  return index === undefined ? batches.pages(batch) : rowOf(batches, batch, index);
}

async function* rowOf(batches: Batches, batch: Batch, index: number): AsyncGenerator<readonly RowWithOutcome[]> {
  const row = await batches.rowWithOutcome(batch, index);
  if (row !== undefined) yield [row];
}

interface Judged {
  readonly entry: RowWithOutcome;
  readonly verdict: Verdict;
  /** Absent where the row has no registration of its own. */
  readonly snapshot?: Snapshot;
}

/** The rows that are meant, in their order. */
function judgeRows(tools: ActionTools, request: ActionRequest, entries: readonly RowWithOutcome[]): Promise<Judged[]> {
  const wanted = request.only ?? (request.index === undefined ? USUAL[request.ask] : undefined);
  const meant = wanted === undefined ? entries : entries.filter((entry) => wanted.has(outcomeOf(entry)));
  return Promise.all(meant.map((entry) => judgeRow(tools, request, entry)));
}

async function judgeRow(
  { ledger, actsOn }: ActionTools,
  request: ActionRequest,
  entry: RowWithOutcome,
): Promise<Judged> {
  const cannot = (why: Cannot): Judged => ({ entry, verdict: { kind: 'cannot', why } });
  const { relation } = entry;
  if (relation.kind === 'refused') return cannot('row_refused');
  if (relation.kind !== 'registered' && relation.kind !== 'waits') return cannot('other_row');
  const snapshot = await ledger.read(relation.id);
  if (snapshot === undefined) return cannot('purged');
  const { ask, now, only, shownAt = Number.POSITIVE_INFINITY } = request;
  const { registration, row } = snapshot;
  // The details that were sent may be purged where a row waits with its own.
  const isPurged = ask === 'retry' ? row?.merchant === undefined : row === undefined;
  if (isPurged && registration.waitingRows.length === 0) return cannot('purged');
  const pointer = `${request.batch.id}/${entry.index}`;
  const isWaiting = registration.waitingRows.includes(pointer);
  if (registration.row !== pointer && !registration.joinedRows.includes(pointer) && !isWaiting) {
    return cannot('later_batch');
  }
  const asking = {
    ask,
    now,
    // Of an attempt that began since, the person knows nothing.
    insists: only !== undefined && (registration.sentAt ?? 0) <= shownAt,
    acts: actsOn(registration.problem),
    ...(isWaiting && { waitingRow: pointer }),
  };
  return { entry, verdict: judge(registration, asking), snapshot };
}

function outcomeOf({ relation, registration }: RowWithOutcome): Outcome {
  switch (relation.kind) {
    case 'refused':
      return 'invalid';
    case 'replaced':
      return 'cancelled';
    case 'waits':
      return registration?.state === 'needs_review' ? 'needs_review' : 'pending';
    case 'registered':
      return STATES[registration?.state ?? 'queued'].outcome;
    default:
      return relation.kind;
  }
}

function add<Key>(groups: Map<Key, Group>, name: Key, line: number): void {
  const { count, lines } = groups.get(name) ?? { count: 0, lines: [] };
  groups.set(name, { count: count + 1, lines: lines.length < LINES_TOLD ? [...lines, line] : lines });
}

/** Rows of a batch by index, a bit for each: a million take 125 kB. */
export class RowSet {
  readonly #bits: Uint8Array;
  #size = 0;

  constructor(rows: number) {
    this.#bits = new Uint8Array(Math.ceil(rows / 8));
  }

  get size(): number {
    return this.#size;
  }

  add(index: number): void {
    if (this.has(index)) return;
    this.#bits[index >> 3] = (this.#bits[index >> 3] ?? 0) | (1 << (index & 7));
    this.#size += 1;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }
}
