/** The ledger with little words: load merchants, send, answer, push, and count again from the rows. */
import type { Redis } from 'ioredis';
import { type AcceptRules, type Batch, type Counts, countedAs, ROWS_PER_PAGE } from '../../src/domain/batch.js';
import type { Budgets } from '../../src/domain/budgets.js';
import type { Effects } from '../../src/domain/effects.js';
import { ALL_DETAILS, type Identify, identifyWith, type Merchant, personOf } from '../../src/domain/merchant.js';
import type { Fact, FactKind, Registration } from '../../src/domain/registration.js';
import type { AcceptedRow, RowWithOutcome } from '../../src/domain/row.js';
import type { Recorded, Snapshot } from '../../src/domain/snapshot.js';
import type { Job } from '../../src/domain/work.js';
import type { Permit } from '../../src/redis/call-permits.js';
import { openCalls } from '../../src/redis/calls.js';
import { key } from '../../src/redis/keys.js';
import { openBatches } from '../../src/redis/ledger/batches.js';
import { openLedger } from '../../src/redis/ledger/ledger.js';
import type { LossGuard } from '../../src/redis/ledger/loss.js';
import { openWorkload } from '../../src/redis/ledger/workload.js';
import { cellsOf, HEADINGS } from './merchants.js';
import { LEDGER_KEY } from './redis.js';

/** As the first registration API compares rows. */
export const ACCEPT_RULES: AcceptRules = { details: ALL_DETAILS };

export const identify = identifyWith(LEDGER_KEY);

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export function idOf(merchant: Merchant): string {
  return identify(merchant.code);
}

/** `undefined`: a row that our checks refused. */
export function acceptedRow(merchant: Merchant | undefined, index: number): AcceptedRow {
  if (merchant === undefined) {
    const problems = [{ code: 'sheet:code_length', cell: `B${index + 2}` }];
    return { line: index + 2, cells: ['x', '1'], problems, registration: undefined };
  }
  return { line: index + 2, cells: cellsOf(merchant), merchant, problems: [], registration: idOf(merchant) };
}

/** More than any test calls. */
export function budgetsFor(changes: Partial<Budgets> = {}): Budgets {
  return {
    perSecond: 1_000_000,
    perMinute: 1_000_000,
    perDay: 1_000_000,
    believe: false,
    reserve: 0,
    day: '2026-11-21',
    dayEndsAt: Date.now() + HOUR_MS,
    closedMs: 0,
    triesPerDay: 1_000_000,
    probeMs: 20_000,
    ...changes,
  };
}

export function jobOf(kind: Job['kind'], name = 'no-job-0'): Job {
  return { kind, name };
}

/** `idsOf`: of the ledger that is opened, where a program has made it. */
export function openBook(redis: Redis, idsOf: Identify = identify, guard?: LossGuard) {
  const ledger = openLedger(redis);
  const batches = openBatches(redis);
  const calls = openCalls(redis, guard);
  const workload = openWorkload(redis);

  async function open(id: string, canaries = 0): Promise<Batch> {
    // A program that opens this ledger later makes the same ids.
    if (idsOf === identify) await redis.hsetnx(key('ledger'), 'key', LEDGER_KEY);
    const columns = [0, 1, 2, 3, 4, 5];
    return batches.open({ id, file: `${id}.csv`, headings: HEADINGS, columns, loadedAt: Date.now() }, canaries);
  }

  async function load(id: string, merchants: readonly (Merchant | undefined)[], canaries = 0): Promise<Batch> {
    const batch = await open(id, canaries);
    const rows = merchants.map((merchant, index) => ({
      ...acceptedRow(merchant, index),
      registration: merchant && idsOf(merchant.code),
    }));
    await batches.accept(batch, 0, rows, ACCEPT_RULES);
    await batches.complete(id);
    return { ...batch, rows: merchants.length, complete: true };
  }

  async function view(id: string): Promise<Snapshot> {
    const found = await ledger.read(id);
    if (found === undefined) throw new Error(`there is no registration ${id}`);
    return found;
  }

  async function registration(id: string): Promise<Registration> {
    return (await view(id)).registration;
  }

  function record(id: string, kind: FactKind, more: Partial<Fact> = {}, effects: Effects = {}): Promise<Recorded> {
    return ledger.record(id, { kind, at: Date.now(), ...more }, effects);
  }

  async function take(
    id: string,
    changes: Partial<Budgets> & { readonly person?: string; readonly at?: number } = {},
    kind: FactKind = 'create_sent',
  ): Promise<Permit> {
    const seen = await view(id);
    const merchant = seen.row?.merchant;
    if (merchant === undefined) throw new Error(`registration ${id} has no details`);
    const { person = personOf(merchant.legalPersonaWechat), at = Date.now(), ...budgets } = changes;
    const fact: Fact =
      kind === 'create_sent'
        ? { kind, at, until: at + DAY_MS }
        : { kind, at, until: at + DAY_MS, callSentAt: seen.registration.sentAt ?? at };
    const job = jobOf(kind === 'create_sent' ? 'submit' : 'follow-up');
    return calls.acquire(seen, fact, job, budgetsFor(budgets), person);
  }

  /** Permission is taken, and WeChat accepts. */
  async function send(id: string): Promise<number> {
    const permission = await take(id);
    if (permission.kind !== 'go') throw new Error(`not sent: ${JSON.stringify(permission)}`);
    const { sentAt = 0 } = await registration(id);
    await record(id, 'create_accepted', { callSentAt: sentAt });
    return sentAt;
  }

  async function rows(id: string): Promise<RowWithOutcome[]> {
    const batch = await batches.find(id);
    if (batch === undefined) throw new Error(`there is no batch ${id}`);
    const all: RowWithOutcome[] = [];
    for (let page = 0; page * ROWS_PER_PAGE < batch.rows; page += 1) all.push(...(await batches.page(batch, page)));
    return all;
  }

  /** What `batches.counts` has to say. */
  async function recount(id: string): Promise<Counts> {
    const counts: Record<string, number> = {};
    for (const row of await rows(id)) {
      const name = nameOf(row);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  return { ledger, batches, calls, workload, open, load, view, registration, record, take, send, rows, recount };
}

export type Book = ReturnType<typeof openBook>;

function nameOf({ relation, registration }: RowWithOutcome): string {
  if (relation.kind === 'refused') return 'invalid';
  if (relation.kind === 'replaced') return 'cancelled';
  if (relation.kind === 'waits') return registration?.state === 'needs_review' ? 'needs_review' : 'deferred/enterprise';
  if (relation.kind !== 'registered') return relation.kind;
  if (registration === undefined) throw new Error('a row without its registration');
  return countedAs(registration.state, registration.wait);
}
