import type { Redis } from 'ioredis';
import type { Effects } from '../../domain/effects.js';
import { RegistrationUnknown } from '../../domain/ledger-errors.js';
import type { Fact } from '../../domain/registration.js';
import { batchOf, type DetailColumns } from '../../domain/row.js';
import type { HistoryEntry, Recorded, Snapshot } from '../../domain/snapshot.js';
import { key } from '../keys.js';
import { manyScript } from '../scripts.js';
import { NEW, packWriteSet } from './packed-write-sets.js';
import { registrationFrom } from './registration-fields.js';
import { unpackRow } from './rows.js';
import { newWriteId } from './write-set.js';

export interface Ledger {
  read(id: string): Promise<Snapshot | undefined>;
  /**
   * Records a fact, deciding anew as often as another process was faster. Throws RegistrationUnknown, and what Redis throws.
   * `known` saves reading it first, where it was read or recorded just before. `writeId`: where a journal has it already.
   */
  record(id: string, fact: Fact | FactOn, effects?: Effects, known?: Snapshot, writeId?: string): Promise<Recorded>;
  history(id: string): Promise<HistoryEntry[]>;
  /** The registration of the successor's task. */
  ofTask(taskId: string): Promise<string | undefined>;
  /** The registration of the Mini Program. */
  ofAppid(appid: string): Promise<string | undefined>;
}

/** A fact that depends on the registration: it is made anew where another process was faster. */
export type FactOn = (snapshot: Snapshot) => Promise<Fact>;

/** What a fact passes in a process that keeps a journal: Redis may have forgotten what goes before it. */
export interface Gate {
  /** The epoch with which the process has compared its journal. */
  epoch(): string;
  /** Resolves when the fact may be tried again. */
  pass(): Promise<void>;
  /** Records what journals have of a registration that Redis had forgotten. */
  restore(registration: string): Promise<void>;
  /** How long the fact also waits for other processes; absent: it does not. */
  readonly settleMs?: number;
}

export function madeOn(snapshot: Snapshot, fact: Fact | FactOn): Fact | Promise<Fact> {
  return typeof fact === 'function' ? fact(snapshot) : fact;
}

/** @param gate absent while forgotten facts are restored, and for commands of a person */
export function openLedger(redis: Redis, gate?: Gate): Ledger {
  const readScript = manyScript(redis, 'read');
  const recordScript = manyScript(redis, 'record', gate?.pass);
  const columns = columnsOfBatches(redis);

  async function read(id: string): Promise<Snapshot | undefined> {
    const answer = (await readScript('', [id])) as (string | number)[] | null;
    if (answer === null) return undefined;
    const [version, now, packed, ...fields] = answer;
    const registration = registrationFrom(id, fields as string[]);
    // A registration without a fact has only its row.
    const isNew = fields.length === 2;
    const json = String(packed).slice(String(packed).indexOf('\n') + 1);
    const of = json === '' ? [] : await columns(batchOf(registration.row));
    // Redis has lost the batch since the row was read: without its columns every detail would be blank, and the row refused.
    const row = of.length === 0 ? undefined : unpackRow(json, of);
    return {
      registration,
      version: String(version),
      now: Number(now),
      row,
      ...(isNew && { alike: NEW }),
    };
  }

  async function record(
    id: string,
    fact: Fact | FactOn,
    effects: Effects = {},
    known?: Snapshot,
    writeId = newWriteId(),
  ): Promise<Recorded> {
    for (let snapshot = known ?? (await read(id)); ; snapshot = await read(id)) {
      if (snapshot === undefined) throw new RegistrationUnknown(id);
      const { text, recorded } = packWriteSet(snapshot, await madeOn(snapshot, fact), effects);
      const job = [effects.job?.kind ?? '', effects.job?.name ?? ''];
      const common = gate === undefined ? '' : JSON.stringify({ epoch: gate.epoch(), settleMs: gate.settleMs });
      const answer = await recordScript(common, [id, snapshot.version, text, ...job, writeId]);
      if (answer === 'epoch') await gate?.pass();
      if (answer === 'forgotten') await gate?.restore(id);
      if (answer === 'done' || (await hasWriteId(redis, id, writeId))) return recorded;
    }
  }

  async function history(id: string): Promise<HistoryEntry[]> {
    const entries = await redis.lrange(key('history', id), 0, -1);
    return entries.map((entry) => JSON.parse(entry) as HistoryEntry);
  }

  async function ofTask(taskId: string): Promise<string | undefined> {
    return (await redis.hget(key('tasks'), taskId)) ?? undefined;
  }

  async function ofAppid(appid: string): Promise<string | undefined> {
    return (await redis.hget(key('appids'), appid)) ?? undefined;
  }

  return { read, record, history, ofTask, ofAppid };
}

/** ioredis sends a command again if its answer was lost: then the first run wrote the id, and the second met a conflict. */
export async function hasWriteId(redis: Redis, id: string, writeId: string): Promise<boolean> {
  const entries = await redis.lrange(key('history', id), 0, -1);
  return entries.some((entry) => entry.includes(`"${writeId}"`));
}

/** The columns of a batch never change, so each process asks once. */
function columnsOfBatches(redis: Redis): (batch: string) => Promise<DetailColumns> {
  const known = new Map<string, DetailColumns>();
  return async (batch) => {
    let columns = known.get(batch);
    if (columns === undefined) {
      columns = JSON.parse((await redis.hget(key('batch', batch), 'columns')) ?? '[]') as DetailColumns;
      if (columns.length > 0) known.set(batch, columns);
    }
    return columns;
  };
}
