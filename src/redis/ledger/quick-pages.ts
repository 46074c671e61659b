/**
 * Reads pages of rows, each with what became of it, in a third of the time that page.lua takes: the rows by one command, and the
 * outcome of each by one more. A page that changes between them, or that is not like most pages, is left to the script.
 */
import type { Redis } from 'ioredis';
import { ROWS_PER_PAGE } from '../../domain/batch.js';
import { newRegistration } from '../../domain/registration.js';
import { type BulkConnection, commandBytes, openBulkConnection } from '../bulk-connection.js';
import { NoAnswer } from '../joined-answers.js';
import { key } from '../keys.js';
import { JOINT, type PackedPage } from './packed-rows.js';
import { shortNameOf } from './registration-fields.js';
import { RELATION_CODES } from './relation-codes.js';

export interface QuickPages {
  /** In the order of `numbers`; undefined: the script has to read it. */
  pages(batch: string, numbers: readonly number[]): Promise<readonly (PackedPage | undefined)[]>;
  close(): void;
}

/** Of a registration, behind the letter of its row's relation. */
const ID_BYTES = 16;
const ANY_ID = 'x'.repeat(ID_BYTES);
const ROW_JOINT = JOINT.charCodeAt(0);
const UNSENT = newRegistration('', '').state;
const REFUSED = RELATION_CODES.refused.charCodeAt(0);
/** Room for usual ones. */
const [ROW_BYTES, OUTCOME_BYTES] = [256, 160];

/**
 * @param mostBytes that a page may have in Redis to be read as a whole
 * @returns undefined: the script has to read all pages
 */
export async function openQuickPages(redis: Redis, mostBytes: number): Promise<QuickPages | undefined> {
  const connection = await openBulkConnection(redis, ROW_JOINT);
  return connection && pagesOn(connection, redis, mostBytes);
}

function pagesOn(connection: BulkConnection, redis: Redis, mostBytes: number): QuickPages {
  const outcomesOf = openOutcomes(connection);

  async function pages(batch: string, numbers: readonly number[]): Promise<readonly (PackedPage | undefined)[]> {
    const { usual, hasUnsent, versions } = await lookAt(batch, numbers);
    const read = await Promise.all(
      numbers.map((number, n) => (usual[n] === true ? page(batch, number, hasUnsent) : undefined)),
    );
    const after = await redis.zmscore(key('changedPages'), versionNames(batch, numbers));
    return read.map((it, n) => (versions[n] === after[n] ? it : undefined));
  }

  async function page(batch: string, number: number, hasUnsent: boolean): Promise<PackedPage | undefined> {
    try {
      const rows = await connection.texts(lrange(batch, number), 1, ROW_BYTES * ROWS_PER_PAGE);
      const all = beginnings(rows);
      const sent = hasUnsent ? await sentAmong(rows, all) : all.filter((at) => rows[at] !== REFUSED);
      const read = await outcomesOf(rows, sent);
      const outcomes = sent.length === all.length ? read : spread(read, all, sent);
      return { first: number * ROWS_PER_PAGE, rows, outcomes };
    } catch (error) {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    }
  }

  /** `versions`: another one once a row of the page, or its registration, has changed. */
  async function lookAt(
    batch: string,
    numbers: readonly number[],
  ): Promise<{ usual: readonly boolean[]; hasUnsent: boolean; versions: readonly unknown[] }> {
    const asked = redis
      .pipeline()
      .zmscore(key('changedPages'), versionNames(batch, numbers))
      .exists(key('keptOutcomes', batch))
      .hget(key('counts', batch), UNSENT);
    // Of all its rows, not of some: the longest may be the last.
    for (const number of numbers) asked.memory('USAGE', key('rows', batch, number), 'SAMPLES', 0);
    const answers = ((await asked.exec()) ?? []).map(([error, answer]) => error ?? answer);
    const [versions, keptOutcomes, unsent, ...bytes] = answers;
    const usual = bytes.map((it) => keptOutcomes === 0 && typeof it === 'number' && it <= mostBytes);
    return { usual, hasUnsent: Number(unsent) > 0, versions: versions as unknown[] };
  }

  /** A registration that was never sent is no hash, and has no outcome (prelude.lua). */
  async function sentAmong(rows: Buffer, all: readonly number[]): Promise<number[]> {
    const rowsWithOne = all.filter((at) => rows[at] !== REFUSED);
    if (rowsWithOne.length === 0) return [];
    const unsent = await redis.mget(rowsWithOne.map((at) => key('registration', idAt(rows, at))));
    return rowsWithOne.filter((_, n) => unsent[n] === null);
  }

  return { pages, close: connection.close };
}

/** Where each row begins. */
function beginnings(rows: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < rows.length; ) {
    found.push(at);
    const end = rows.indexOf(ROW_JOINT, at);
    at = end === -1 ? rows.length : end + 1;
  }
  return found;
}

function versionNames(batch: string, numbers: readonly number[]): string[] {
  return numbers.map((number) => `${batch}:${number}`);
}

function lrange(batch: string, number: number): Buffer {
  return commandBytes('LRANGE', key('rows', batch, number), 0, -1);
}

function idAt(rows: Buffer, row: number): string {
  return rows.toString('latin1', row + 1, row + 1 + ID_BYTES);
}

type Outcomes = (rows: Buffer, sent: readonly number[]) => Promise<Buffer>;

/** The commands of a page differ from those of another one in their ids only. */
function openOutcomes(connection: BulkConnection): Outcomes {
  const command = commandBytes('HGET', key('registration', ANY_ID), shortNameOf('outcome'));
  const idPlace = command.indexOf(ANY_ID);
  /** Those that are on their way to Redis are not here. */
  const free: Buffer[] = [];

  return async (rows, sent) => {
    if (sent.length === 0) return Buffer.alloc(0);
    const commands = free.pop() ?? Buffer.concat(Array.from({ length: ROWS_PER_PAGE }, () => command));
    let idTo = idPlace;
    for (const row of sent) {
      for (let byte = 0; byte < ID_BYTES; byte += 1) commands[idTo + byte] = rows[row + 1 + byte] as number;
      idTo += command.length;
    }
    const wanted = commands.subarray(0, sent.length * command.length);
    return connection.texts(wanted, sent.length, OUTCOME_BYTES * sent.length, () => free.push(commands));
  };
}

/** Puts nothing for each row that was not asked for. */
function spread(outcomes: Buffer, all: readonly number[], sent: readonly number[]): Buffer {
  const texts = sent.length === 0 ? [] : outcomes.toString().split(JOINT);
  let next = 0;
  return Buffer.from(all.map((row) => (row === sent[next] ? texts[next++] : '')).join(JOINT));
}
