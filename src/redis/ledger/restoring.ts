/** Records again what journals have and Redis has lost: facts, pushes, and facts of registrations that are loaded again later. */
import type { Redis } from 'ioredis';
import { type Fact, isOver, next, PURGED_ROW, type Registration } from '../../domain/registration.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import type { Pushes } from '../pushes/pushes.js';
import type { Vault } from '../vault.js';
import type { Journal } from './journal.js';
import type { JournalEntry, JournaledPush } from './journal-lines.js';
import { hasWriteId, type Ledger } from './ledger.js';
import { purgedBefore } from './purging.js';

export interface RestoreTools {
  readonly redis: Redis;
  /** Without a gate: what is restored passes before anything else. */
  readonly ledger: Ledger;
  readonly pushes: Pick<Pushes, 'listParked' | 'store'>;
  readonly vault: Vault;
}

/** How many histories are read at once. */
const AT_ONCE = 200;
/** A push may have waited in the spool before it entered the stream; the stream's ids are times of Redis' clock. */
const AROUND_MS = 3_600_000;
const ORPHANS_LIVE_S = 2 * 86_400;

/** Returns how many facts and pushes were missing. */
export async function restoreMissing(
  tools: RestoreTools,
  { entries, pushes }: ReturnType<Journal['read']>,
): Promise<{ readonly facts: number; readonly pushes: number }> {
  return { facts: await restoreFacts(tools, entries), pushes: await restorePushes(tools, pushes) };
}

/** Returns how many facts were missing. */
async function restoreFacts(tools: RestoreTools, entries: readonly JournalEntry[]): Promise<number> {
  const { redis } = tools;
  let missing = 0;
  await countAgainWhatWasLeft(tools);
  const purged = await purgedBefore(redis);
  const ids = [...new Set(entries.map(({ registration }) => registration))];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const part = ids.slice(at, at + AT_ONCE);
    const steps = redis.pipeline();
    for (const id of part) steps.lrange(key('history', id), 0, -1);
    const histories = new Map((await answersOf(steps)).map((history, n) => [part[n], String(history)]));
    for (const entry of entries) {
      const history = histories.get(entry.registration);
      if (history === undefined || history.includes(`"${entry.writeId}"`)) continue;
      if (await restoreFact(tools, entry, purged)) missing += 1;
    }
  }
  return missing;
}

async function restoreFact(tools: RestoreTools, entry: JournalEntry, purged: number): Promise<boolean> {
  const { redis, ledger } = tools;
  const { registration: id, fact, writeId, day } = entry;
  const snapshot = await ledger.read(id);
  if ((snapshot === undefined || snapshot.registration.row === PURGED_ROW) && fact.at < purged) return false;
  if (snapshot === undefined) return keepOrphan(tools, entry);
  if (await hasWriteId(redis, id, writeId)) return false;
  const { registration } = snapshot;
  // The fact that allowed sending it again was lost as well: the operator's, that of a sheet, or that its link was lost. A
  // create of an earlier attempt only enters the history.
  const wasSentAgain =
    fact.kind === 'create_sent' && next(registration, fact) === undefined && fact.at > (registration.sentAt ?? 0);
  if (wasSentAgain) await makeUnsent(id, registration, fact.at, ledger);
  const before = wasSentAgain ? await ledger.read(id) : snapshot;
  // Another process of this folder may have recorded the entry from the same journal.
  if (wasSentAgain && (await hasWriteId(redis, id, writeId))) return false;
  if (fact.kind !== 'create_sent') {
    await ledger.record(id, fact, {}, before, writeId);
    return true;
  }
  // This process may be killed before it has counted the failures again.
  await answersOf(redis.multi().hset(key('uncounted'), writeId, id).expire(key('uncounted'), ORPHANS_LIVE_S));
  await ledger.record(id, fact, day === undefined ? {} : { charge: day }, before, writeId);
  await recordFailuresSince(tools, id, writeId);
  return true;
}

/** A process was killed, or lost Redis, after it had recorded a create again. */
async function countAgainWhatWasLeft(tools: RestoreTools): Promise<void> {
  const left = await tools.redis.hgetall(key('uncounted'));
  for (const [writeId, id] of Object.entries(left)) await recordFailuresSince(tools, id, writeId);
}

/**
 * The push that ended the task may have been recorded while nothing was known of its create, after a process with this journal was
 * waited for in vain: then it changed nothing. A second run records nothing twice.
 */
async function recordFailuresSince({ redis, ledger }: RestoreTools, id: string, createId: string): Promise<void> {
  const history = await ledger.history(id);
  const create = history.find(({ writeId }) => writeId === createId);
  // Another process is about to record it, or was killed before: then the journal has it.
  if (create === undefined) return;
  for (const { to, rows, rowBefore, writeId, ...fact } of history) {
    const isFailure = fact.kind === 'registration_refused' || fact.kind === 'legal_person_timed_out';
    if (!isFailure || to !== undefined || fact.at < create.at) continue;
    const again = `${createId}:${writeId}`;
    const snapshot = await ledger.read(id);
    if (snapshot === undefined || next(snapshot.registration, fact) === undefined) continue;
    if (!(await hasWriteId(redis, id, again))) await ledger.record(id, fact, {}, snapshot, again);
  }
  await redis.hdel(key('uncounted'), createId);
}

/** Restores the state from which it was sent again. If another process has already settled the earlier attempt, that stays. */
async function makeUnsent(id: string, registration: Registration, at: number, ledger: Ledger): Promise<void> {
  const { state, sentAt, row } = registration;
  // Of what was purged the time is forgotten; entries from before the purge are left out.
  const { finishedAt = row === PURGED_ROW ? 0 : at } = registration;
  const about = { at, ...(sentAt !== undefined && { callSentAt: sentAt }) };
  // No answer is known: that is no verdict on a canary, or on the line's probe.
  const quietly = { rowVerdict: 'none' } as const;
  if (state === 'created') {
    // Only `--again` sends once more what was created. A create before the end was an earlier attempt.
    if (at > finishedAt) await ledger.record(id, { kind: 'row_accepted', at, row, again: true }, quietly);
    return;
  }
  if (!isOver(state)) await ledger.record(id, { kind: 'push_overdue', ...about }, quietly);
  const because = 'Redis had forgotten why it was sent again';
  await ledger.record(id, { kind: 'retry_asked', because, ...about }, quietly);
}

/** Redis has forgotten the row, too. If a sheet names the enterprise again, acquire.lua finds the entry before the row is sent. */
export async function keepOrphan({ redis, vault }: RestoreTools, { fact, ...rest }: JournalEntry): Promise<boolean> {
  const { registration } = rest;
  const known = await redis.lrange(key('forgotten', registration), 0, -1);
  if (known.some((text) => text.includes(`"${rest.writeId}"`))) return false;
  const text = JSON.stringify({ ...rest, sealed: vault.seal(JSON.stringify(fact), registration) });
  const steps = redis
    .multi()
    .rpush(key('forgotten', registration), text)
    .expire(key('forgotten', registration), ORPHANS_LIVE_S)
    .set(key('forgotten', 'any'), '1', 'EX', ORPHANS_LIVE_S);
  await answersOf(steps);
  return true;
}

/** Records the kept entries of a registration that was loaded again. */
export async function restoreOrphans(tools: RestoreTools, registration: string): Promise<void> {
  const { redis, ledger, vault } = tools;
  // The kept entries are recorded nowhere else: they stay until a sheet brings the registration back.
  if ((await ledger.read(registration)) === undefined) return;
  const orphans = await redis.lrange(key('forgotten', registration), 0, -1);
  const entries = orphans.map((text) => {
    const { sealed, ...rest } = JSON.parse(text) as Omit<JournalEntry, 'fact'> & { sealed: string };
    return { ...rest, fact: JSON.parse(vault.open(sealed, registration)) as Fact };
  });
  await restoreFacts(tools, entries);
  // What another process has kept meanwhile stays: the next fact or call restores it.
  const steps = redis.multi();
  for (const orphan of orphans) steps.lrem(key('forgotten', registration), 1, orphan);
  await answersOf(steps);
}

async function restorePushes(tools: RestoreTools, journaled: readonly JournaledPush[]): Promise<number> {
  const [first] = journaled;
  if (first === undefined) return 0;
  const stored = await storedSince(tools, first.receivedAt - AROUND_MS);
  const purged = await purgedBefore(tools.redis);
  const missing = journaled.filter(({ receivedAt, query }) => receivedAt >= purged && !stored.has(sameIn(query)));
  for (let at = 0; at < missing.length; at += AT_ONCE) await tools.pushes.store(missing.slice(at, at + AT_ONCE));
  return missing.length;
}

/** What identifies each push that Redis has since that time, or has parked. */
async function storedSince({ redis, pushes }: RestoreTools, time: number): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  for (let from = `${Math.max(time, 0)}-0`; ; ) {
    const page = await redis.xrange(key('pushes'), from, '+', 'COUNT', 1_000);
    for (const [, fields] of page) stored.add(sameIn(fields[fields.indexOf('query') + 1] ?? ''));
    const last = page.at(-1)?.[0];
    if (last === undefined || page.length < 1_000) break;
    from = `(${last}`;
  }
  for (const { query } of await pushes.listParked()) stored.add(sameIn(query));
  return stored;
}

/** How a push is recognised: a captured push that is sent again may have a longer query, but not another signature. */
function sameIn(query: string): string {
  return /(?:^|&)msg_signature=([0-9a-f]{40})(?:&|$)/.exec(query)?.[1] ?? query;
}
