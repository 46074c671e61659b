/** Batches: one loaded file each, its rows in input order, and their counts by state. */
import type { Redis } from 'ioredis';
import type { AcceptRules, Batch, BatchSize, Counts, Leader, NamedRow } from '../../domain/batch.js';
import { refuseOvertaken } from '../../domain/correction.js';
import { isRefusedForGood } from '../../domain/operator.js';
import { type Fact, next, type RowDetails } from '../../domain/registration.js';
import { type AcceptedRow, batchOf, type ExistingMatch } from '../../domain/row.js';
import { comparedDetails, detailsBeside } from '../../domain/row-details.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { answersOf } from '../exec.js';
import { key, prefix } from '../keys.js';
import { script } from '../scripts.js';
import { batchFrom, countsFrom } from './batch-fields.js';
import { type BatchPages, openBatchPages } from './batch-pages.js';
import { openFields } from './fields.js';
import { openLedger } from './ledger.js';
import { newRow } from './row-changes.js';
import { bytesOf, openRowsToAccept, type RowsToAccept, registrationAt, rowsToAccept } from './rows-to-accept.js';
import { isTraffic } from './traffic.js';
import { newWriteId, type WriteSet, writeSetOf } from './write-set.js';

export interface CountedBatch {
  readonly batch: Batch;
  readonly counts: Counts;
}

export interface Batches extends BatchPages {
  /** `canaries`: this many rows are sent first, and the rest when this many were accepted; 0: all at once. */
  open(batch: Omit<Batch, 'rows' | 'complete'>, canaries?: number): Promise<Batch>;
  /**
   * Accepts rows from `firstIndex` on; rows that the batch has already are skipped. Returns how many rows it has now; -1: Redis
   * has lost the batch.
   */
  accept(
    batch: Batch,
    firstIndex: number,
    rows: readonly AcceptedRow[] | RowsToAccept,
    acceptRules: AcceptRules,
  ): Promise<number>;
  /** Takes back a batch that was opened, if no row was accepted yet. */
  drop(id: string): Promise<void>;
  /** @returns false if Redis has lost the batch or rows of it: nothing was changed */
  complete(id: string, warned?: number, rows?: number): Promise<boolean>;
  /** Whether pushes come in or calls go out, for which a load pauses. */
  isTraffic(): Promise<boolean>;
  find(id: string): Promise<Batch | undefined>;
  /** How many rows each batch has; unknown and purged batches are left out. */
  sizes(ids: readonly string[]): Promise<BatchSize[]>;
  /** The number of the last change of rows of each batch (changes.ts), 0 before the first; -1: it is unknown, or its purge has begun. */
  lastChanges(ids: readonly string[]): Promise<number[]>;
  /** How many rows show an earlier outcome, because a row of a newer sheet was sent for their enterprise. */
  superseded(id: string): Promise<number>;
  /** Ids in the order of loading. */
  list(): Promise<string[]>;
  /** Some batches with their counts, the newest first, without the first `from`; and how many batches there are. */
  newest(from: number, most: number): Promise<{ readonly batches: CountedBatch[]; readonly inAll: number }>;
  counts(id: string): Promise<Counts>;
  /** The row at `batch/index`; undefined once it has been purged. */
  rowAt(pointer: string): Promise<NamedRow | undefined>;
  /** The present state of these registrations. */
  leaders(ids: readonly string[]): Promise<Map<string, Leader>>;
  /** How each of the rows would relate to its registration, if it came alone; undefined: there is none yet. */
  existingMatches(rows: readonly AcceptedRow[], acceptRules: AcceptRules): Promise<(ExistingMatch | undefined)[]>;
}

/** Of so many batches the last change is found in one run: more would keep Redis from its other clients. */
const LOOKED_AT_ONCE = 100;

/** The decision about an existing registration that accept.lua gets. */
interface Decided {
  /** The decision is for a row that is never sent. */
  readonly never: boolean;
  readonly version: string;
  /** A refused row joins no registration. */
  readonly refused?: true;
  readonly writeSet?: WriteSet;
  readonly relation?: string;
  readonly counted?: string;
  /** An earlier row, which is not sent yet, is cancelled by this one. */
  readonly replaces?: true;
}

/** Arguments of accept.lua: two for each row that has a decision or is never sent. */
function decisionsFor(rows: RowsToAccept, decided: ReadonlyMap<string, Decided>): (number | string)[] {
  const unsent = new Set(rows.unsent);
  const places = decided.size === 0 ? rows.unsent : Array.from({ length: rows.count }, (_, at) => at);
  return places.flatMap((at) => {
    const registration = registrationAt(rows, at);
    if (registration === undefined) return [];
    const decision = decisionFor(decided.get(registration), unsent.has(at));
    return decision === undefined ? [] : [at + 1, decision];
  });
}

function isPacked(rows: readonly AcceptedRow[] | RowsToAccept): rows is RowsToAccept {
  return !Array.isArray(rows);
}

/** Undefined: no decision. A decision for a row of the other kind does not count: the row gets a new one when its turn comes. */
function decisionFor(decided: Decided | undefined, isNever: boolean): string | undefined {
  if (decided === undefined || decided.never !== isNever) return isNever ? 'never' : undefined;
  return JSON.stringify(decided);
}

export function openBatches(redis: Redis): Batches {
  const acceptScript = script(redis, 'accept');
  const completeScript = script(redis, 'complete-batch');
  const dropScript = script(redis, 'drop-batch');
  const openScript = script(redis, 'open-batch');
  const sizesScript = script(redis, 'batch-sizes');
  const changesScript = script(redis, 'batch-changes');
  const batchPages = openBatchPages(redis);
  const ledger = openLedger(redis);
  const fieldsOf = openFields(redis);
  const known = new Map<string, Batch>();

  async function open(batch: Omit<Batch, 'rows' | 'complete'>, canaries = 0): Promise<Batch> {
    const isNew = await redis.hsetnx(key('batch', batch.id), 'loadedAt', batch.loadedAt);
    // A batch with only a time: its opener died before the next step, or is about to take it.
    if (isNew === 1 || (await find(batch.id)) === undefined) {
      const fields = {
        file: batch.file,
        headings: JSON.stringify(batch.headings),
        columns: JSON.stringify(batch.columns),
        ...(canaries > 0 && { canaries }),
        ...(batch.correction && { correction: JSON.stringify(batch.correction) }),
      };
      await openScript([key('batch', batch.id)], [batch.id, ...Object.entries(fields).flat()]);
    }
    return (await find(batch.id)) ?? { ...batch, rows: 0, complete: false };
  }

  function accept(
    batch: Batch,
    firstIndex: number,
    rows: readonly AcceptedRow[] | RowsToAccept,
    acceptRules: AcceptRules,
  ): Promise<number> {
    const packed = isPacked(rows) ? rows : rowsToAccept(rows, batch.columns);
    return acceptPacked(batch, firstIndex, packed, acceptRules);
  }

  async function acceptPacked(
    batch: Batch,
    firstIndex: number,
    rows: RowsToAccept,
    acceptRules: AcceptRules,
  ): Promise<number> {
    // Few arguments, because an argument costs the client as much as a hundred bytes.
    const page = [bytesOf(rows.digests), rows.registrations, bytesOf(rows.packed)];
    const again = acceptRules.again ? 'again' : '';
    let decided: ReadonlyMap<string, Decided> = new Map();
    for (;;) {
      const answer = await acceptScript(
        [key('batch', batch.id)],
        [batch.id, firstIndex, again, ...page, ...decisionsFor(rows, decided)],
      );
      const [accepted, ...undecided] = answer as [number, ...string[]];
      if (undecided.length === 0) return accepted;
      decided = await decide(batch, firstIndex, accepted, rows, new Set(undecided), acceptRules);
    }
  }

  /** Decisions about the first row of each of these registrations, as arguments of accept.lua. */
  async function decide(
    batch: Batch,
    firstIndex: number,
    accepted: number,
    rows: RowsToAccept,
    undecided: ReadonlySet<string>,
    acceptRules: AcceptRules,
  ): Promise<Map<string, Decided>> {
    const firstRows = new Map<string, number>();
    for (let at = accepted - firstIndex; at < rows.count; at += 1) {
      const registration = registrationAt(rows, at) ?? '';
      if (undecided.has(registration) && !firstRows.has(registration)) firstRows.set(registration, at);
    }
    const rowAmong = openRowsToAccept(rows, batch.columns);
    const all = [...firstRows].map(async ([id, at]): Promise<(readonly [string, Decided])[]> => {
      const snapshot = await ledger.read(id);
      if (snapshot === undefined) return [];
      refuseOvertaken(batch, snapshot.registration);
      const row = rowAmong(at);
      const pointer = `${batch.id}/${firstIndex + at}`;
      const fact = await rowAccepted(snapshot, row, pointer, acceptRules);
      const never = row.merchant === undefined;
      const joined = next(snapshot.registration, fact)?.rows;
      if (never && joined !== 'joins' && joined !== 'already_created') {
        return [[id, { never, version: snapshot.version, refused: true }]];
      }
      const { writeSet, recorded } = writeSetOf(snapshot, fact, {});
      const decided = {
        never,
        version: snapshot.version,
        writeSet: { ...writeSet, writeId: newWriteId() },
        ...newRow(pointer, recorded.after),
        ...(joined === 'replaces' && { replaces: true as const }),
      };
      return [[id, decided]];
    });
    return new Map((await Promise.all(all)).flat());
  }

  /** Decides what a row means for the registration of its enterprise. */
  async function rowAccepted(
    snapshot: Snapshot,
    row: AcceptedRow,
    pointer: string,
    acceptRules: AcceptRules,
  ): Promise<Fact> {
    const { waitingRows } = snapshot.registration;
    const [waiting] = waitingRows;
    return {
      kind: 'row_accepted',
      at: snapshot.now,
      row: pointer,
      details: await detailsBesideLeader(snapshot, row, acceptRules),
      ...(waiting !== undefined && {
        detailsOfWaiting: detailsBeside((await rowAt(waiting))?.row.merchant, row, acceptRules.details),
      }),
      ...(acceptRules.again && { again: true }),
    };
  }

  async function detailsBesideLeader(
    snapshot: Snapshot,
    row: AcceptedRow,
    acceptRules: AcceptRules,
  ): Promise<RowDetails> {
    const compared = comparedDetails(snapshot.registration, acceptRules);
    const details = detailsBeside(snapshot.row?.merchant, row, compared);
    // A row that is never sent leads nothing.
    if (row.merchant === undefined || details !== 'same' || snapshot.registration.state !== 'queued') return details;
    // If the canaries of an earlier sheet hold it back, it is sent as a row of this sheet, with the options of this load.
    const { id, row: leader } = snapshot.registration;
    return (await redis.zscore(key('held', batchOf(leader)), id)) === null ? 'same' : 'newer';
  }

  async function complete(id: string, warned = 0, rows?: number): Promise<boolean> {
    return (await completeScript([key('batch', id)], [warned, rows ?? ''])) === 1;
  }

  async function find(id: string): Promise<Batch | undefined> {
    return batchFrom(id, await redis.hgetall(key('batch', id)));
  }

  async function sizes(ids: readonly string[]): Promise<BatchSize[]> {
    const rows = (await sizesScript([prefix()], [...ids])) as number[];
    return ids.map((id, at) => ({ id, rows: rows[at] ?? -1 })).filter((batch) => batch.rows >= 0);
  }

  async function lastChanges(ids: readonly string[]): Promise<number[]> {
    const all: number[] = [];
    for (let [page, last] = [0, 0]; all.length < ids.length; ) {
      const some = ids.slice(all.length, all.length + LOOKED_AT_ONCE);
      const answer = (await changesScript([prefix()], [page, last, ...some])) as [number[], number, number];
      all.push(...answer[0]);
      [page, last] = [answer[1], answer[2]];
    }
    return all;
  }

  async function newest(from: number, most: number): Promise<{ batches: CountedBatch[]; inAll: number }> {
    const steps = redis
      .pipeline()
      .llen(key('batches'))
      .lrange(key('batches'), -from - most, -from - 1);
    const [inAll, ids] = (await answersOf(steps)) as [number, string[]];
    const reading = redis.pipeline();
    for (const id of ids.reverse()) reading.hgetall(key('batch', id)).hgetall(key('counts', id));
    const found = (await answersOf(reading)) as Record<string, string>[];
    const batches = ids.flatMap((id, at) => {
      const batch = batchFrom(id, found[2 * at] ?? {});
      return batch === undefined ? [] : [{ batch, counts: countsFrom(found[2 * at + 1] ?? {}) }];
    });
    return { batches, inAll };
  }

  async function counts(id: string): Promise<Counts> {
    return countsFrom(await redis.hgetall(key('counts', id)));
  }

  async function rowAt(pointer: string): Promise<NamedRow | undefined> {
    const id = batchOf(pointer);
    const batch = known.get(id) ?? (await find(id));
    if (batch === undefined || batch.purgedAt !== undefined) return undefined;
    // A row's pointer never changes. If the row was purged, it is missing below.
    if (batch.complete) known.set(id, batch);
    const found = await batchPages.row(batch, Number(pointer.slice(id.length + 1)));
    return found && { batch, row: found };
  }

  async function leaders(ids: readonly string[]): Promise<Map<string, Leader>> {
    const answers = await fieldsOf(ids, ['row', 'state', 'appid', 'joinedRows', 'waitingRows']);
    return new Map(
      ids.flatMap((id, at) => {
        const [row, state, appid, ...further] = answers[at] ?? [];
        if (typeof row !== 'string') return [];
        const others = further.flatMap((rows) => rows?.split(' ') ?? []);
        const isCreated = state === 'created';
        return [
          [id, { row, isCreated, ...(appid != null && { appid }), ...(others.length > 0 && { others }) }] as const,
        ];
      }),
    );
  }

  function existingMatches(
    rows: readonly AcceptedRow[],
    acceptRules: AcceptRules,
  ): Promise<(ExistingMatch | undefined)[]> {
    return Promise.all(
      rows.map(async (row) => {
        const snapshot = row.registration === undefined ? undefined : await ledger.read(row.registration);
        return snapshot && existingMatch(snapshot, row, acceptRules);
      }),
    );
  }

  async function existingMatch(snapshot: Snapshot, row: AcceptedRow, acceptRules: AcceptRules): Promise<ExistingMatch> {
    const fact = await rowAccepted(snapshot, row, '/0', acceptRules);
    const move = next(snapshot.registration, fact);
    const { state, until = 0 } = snapshot.registration;
    if (move?.rows === 'leads') return 'joins';
    if (move?.rows === 'begins' && state === 'rejected') {
      if (until > snapshot.now) return 'early';
      return fact.details === 'same' && isRefusedForGood(snapshot.registration) ? 'repeats' : 'begins';
    }
    return move?.rows === undefined || move.rows === 'withdrawn' ? 'already_created' : move.rows;
  }

  return {
    ...batchPages,
    existingMatches,
    rowAt,
    leaders,
    open,
    accept,
    complete,
    drop: async (id) => void (await dropScript([key('batch', id)], [id])),
    isTraffic: () => isTraffic(redis),
    find,
    sizes,
    lastChanges,
    superseded: (id) => redis.hlen(key('keptOutcomes', id)),
    list: () => redis.lrange(key('batches'), 0, -1),
    newest,
    counts,
  };
}
