/**
 * A Redis that lost data: after a power cut without its last second, after a failover to a replica that lagged, with a
 * restored backup. Each run of Redis begins an epoch. A process that meets an unknown epoch compares its journal with
 * the ledger and records again what is missing, before the next create goes: acquire.lua lets none pass until every
 * process that was seen in the last minutes has reported.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { GuardClosed } from '../../domain/ledger-errors.js';
import { type Fact, isOver, next, PURGED_ROW, type Registration } from '../../domain/registration.js';
import { sleep } from '../../sleep.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import { openPushes } from '../pushes/pushes.js';
import { script } from '../scripts.js';
import { startOf } from '../server/process.js';
import type { Vault } from '../vault.js';
import { type Journal, type JournalEntry, type JournaledPush, openJournal } from './journal.js';
import { type Gate, hasWriteId, type Ledger, openLedger } from './ledger.js';
import { purgedBefore } from './purging.js';

export interface LossGuard {
  readonly journal: Journal;
  /** The epoch up to which this process has reported; '' before the first. */
  epoch(): string;
  /** Resolves when this process has reported to the present epoch. */
  check(): Promise<void>;
  /** The check before an answer to a call is recorded: this process has reported. */
  readonly ofAnswers: Gate;
  /**
   * The check before other facts are recorded: every process has reported, or was waited for long enough. A push may be about
   * a call that only another process knows.
   */
  readonly ofOthers: Gate;
  /** Records the kept entries of a registration that Redis had forgotten as a whole, and that was loaded again. */
  restore(registration: string): Promise<void>;
  /** Keeps an entry of the journal if Redis has forgotten its whole registration, until that is loaded again. */
  keep(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

export interface LossGuardOptions {
  /** A connection of its own, which the caller closes. */
  readonly redis: Redis;
  readonly home: string;
  readonly vault: Vault;
  /** A permit to call is never used after this time. */
  readonly permitMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

/** The longest wait for processes that have yet to report to a new epoch. */
export const SETTLE_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/** A process that was not seen for this long before Redis was last used had died earlier, and is not waited for. */
const SEEN_WITHIN_MS = 60_000;
const SETTLED_LOOK_MS = 200;
/** How many histories are read at once. */
const AT_ONCE = 200;
/** A push may have waited in the spool before it entered the stream; the stream's ids are times of Redis' clock. */
const AROUND_MS = 3_600_000;
const ORPHANS_LIVE_S = 2 * 86_400;

export async function guardAgainstLoss({
  redis,
  home,
  vault,
  permitMs,
  now,
  log,
}: LossGuardOptions): Promise<LossGuard> {
  const ledgerKey = (await redis.hget(key('ledger'), 'key')) ?? '';
  const journal = openJournal({ home, ledgerKey, vault, now, log });
  const ledger = openLedger(redis);
  const pushes = openPushes(redis);
  const epochScript = script(redis, 'epoch');
  const reportScript = script(redis, 'epoch-report');
  const self: Process = {
    folder: journal.id,
    host: hostname(),
    pid: process.pid,
    start: (await startOf(process.pid)) ?? '-',
    part: randomUUID().slice(0, 8),
  };
  const name = nameOf(self);
  let seen: Seen = { epoch: '', facts: 0, waitedMs: -1, others: [] };
  let reported = '';
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  let closed = false;

  async function ask(): Promise<Seen> {
    const args = [seen.epoch, seen.facts, randomUUID(), name, SEEN_WITHIN_MS, SETTLE_MS, ...seen.others];
    const [epoch, facts, waitedMs, ...processes] = (await epochScript([key('epoch')], args)) as [
      string,
      number,
      number,
      ...string[],
    ];
    return { epoch, facts, waitedMs, others: processes.filter((it) => it !== name) };
  }

  async function look(): Promise<void> {
    seen = await ask();
    const { epoch, waitedMs } = seen;
    const isNew = epoch !== reported;
    if (!isNew && waitedMs < permitMs) return;
    // Asked before the journal is read: otherwise the last entries of a process that dies in between would be missed.
    const spoken = await spokenFor(waitedMs >= permitMs);
    if (!isNew && spoken.length === 0) return;
    const written = journal.read();
    const missingFacts = await restoreFacts(redis, ledger, written.entries);
    const missingPushes = await restorePushes(written.pushes);
    if (missingFacts + missingPushes > 0) {
      log.error(
        { facts: missingFacts, pushes: missingPushes },
        'Redis had forgotten what it had acknowledged; it was recorded again',
      );
    }
    const report = [epoch, missingFacts, missingPushes, name, ...spoken];
    // Another epoch may have begun meanwhile.
    if ((await reportScript([key('epoch')], report)) === 0) return look();
    reported = epoch;
  }

  /**
   * Processes that have not reported and whose journals this process reads, because they share its folder. A process that has
   * ended writes no more. Another process writes no more entries of calls that it was permitted earlier, once those permits
   * have expired.
   */
  async function spokenFor(permitsAreOver: boolean): Promise<string[]> {
    const beside = (await redis.smembers(key('unreported'))).filter(
      (it) => it !== name && processFrom(it).folder === self.folder,
    );
    const spoken = await Promise.all(beside.map(async (it) => permitsAreOver || (await hasEnded(processFrom(it)))));
    return beside.filter((_, at) => spoken[at]);
  }

  /** False for a process of another machine or container: it is not known. */
  async function hasEnded({ host, pid, start }: Process): Promise<boolean> {
    return host === self.host && (await startOf(pid)) !== start;
  }

  /** Resolves after a look that began after this call. */
  function check(): Promise<void> {
    if (running === undefined) {
      running = look().finally(() => {
        running = undefined;
      });
      return running;
    }
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = undefined;
        return check();
      });
    return queued;
  }

  function checkInBackground(): void {
    check().catch((error) => {
      if (!closed) log.warn({ err: error }, 'could not check whether Redis has forgotten anything; trying again');
    });
  }

  async function restorePushes(journaled: readonly JournaledPush[]): Promise<number> {
    const [first] = journaled;
    if (first === undefined) return 0;
    const stored = new Set<string>();
    for (let from = `${Math.max(first.receivedAt - AROUND_MS, 0)}-0`; ; ) {
      const page = await redis.xrange(key('pushes'), from, '+', 'COUNT', 1_000);
      for (const [, fields] of page) stored.add(sameIn(fields[fields.indexOf('query') + 1] ?? ''));
      const last = page.at(-1)?.[0];
      if (last === undefined || page.length < 1_000) break;
      from = `(${last}`;
    }
    for (const { query } of await pushes.listParked()) stored.add(sameIn(query));
    const purged = await purgedBefore(redis);
    const missing = journaled.filter(({ receivedAt, query }) => receivedAt >= purged && !stored.has(sameIn(query)));
    for (let at = 0; at < missing.length; at += AT_ONCE) await pushes.store(missing.slice(at, at + AT_ONCE));
    return missing.length;
  }

  async function settled(): Promise<void> {
    await check();
    while (seen.waitedMs >= 0) {
      await sleep(SETTLED_LOOK_MS);
      if (closed) throw new GuardClosed();
      await check();
    }
  }

  async function restore(registration: string): Promise<void> {
    // The kept entries are recorded nowhere else: they stay until a sheet brings the registration back.
    if ((await ledger.read(registration)) === undefined) return;
    const orphans = await redis.lrange(key('forgotten', registration), 0, -1);
    const entries = orphans.map((text) => {
      const { sealed, ...rest } = JSON.parse(text) as Omit<JournalEntry, 'fact'> & { sealed: string };
      return { ...rest, fact: JSON.parse(vault.open(sealed, registration)) as Fact };
    });
    await restoreFacts(redis, ledger, entries);
    await redis.del(key('forgotten', registration));
  }

  redis.on('ready', checkInBackground);
  const timer = setInterval(checkInBackground, LOOK_EVERY_MS).unref();
  await check();

  return {
    journal,
    epoch: () => reported,
    check,
    ofAnswers: { epoch: () => reported, pass: check, restore },
    ofOthers: { epoch: () => reported, pass: settled, restore, settleMs: SETTLE_MS },
    restore,
    async keep(entry) {
      await keepOrphan(entry);
    },
    async close() {
      closed = true;
      clearInterval(timer);
      redis.off('ready', checkInBackground);
      journal.close();
      // No process has to wait for this one: it has reported, and ends.
      if (redis.status === 'ready') await redis.zrem(key('processes'), name).catch(() => {});
    },
  };

  /** Returns how many facts were missing. */
  async function restoreFacts(to: Redis, book: Ledger, entries: readonly JournalEntry[]): Promise<number> {
    let missing = 0;
    const purged = await purgedBefore(to);
    const ids = [...new Set(entries.map(({ registration }) => registration))];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const part = ids.slice(at, at + AT_ONCE);
      const steps = to.pipeline();
      for (const id of part) steps.lrange(key('history', id), 0, -1);
      const histories = new Map((await answersOf(steps)).map((history, n) => [part[n], String(history)]));
      for (const entry of entries) {
        const history = histories.get(entry.registration);
        if (history === undefined || history.includes(`"${entry.writeId}"`)) continue;
        if (await restoreFact(entry, book, purged)) missing += 1;
      }
    }
    return missing;
  }

  async function restoreFact(entry: JournalEntry, book: Ledger, purged: number): Promise<boolean> {
    const { registration: id, fact, writeId, day } = entry;
    const snapshot = await book.read(id);
    if ((snapshot === undefined || snapshot.registration.row === PURGED_ROW) && fact.at < purged) return false;
    if (snapshot === undefined) return keepOrphan(entry);
    if (await hasWriteId(redis, id, writeId)) return false;
    const { registration } = snapshot;
    // The fact that allowed sending it again was lost as well: the operator's, that of a sheet, or that its link was lost. A
    // create of an earlier attempt only enters the history.
    const wasSentAgain =
      fact.kind === 'create_sent' && next(registration, fact) === undefined && fact.at > (registration.sentAt ?? 0);
    if (wasSentAgain && registration.state !== 'created') await makeUnsent(id, registration, fact.at, book);
    const before = wasSentAgain ? await book.read(id) : snapshot;
    // Another process of this folder may have recorded the entry from the same journal.
    if (wasSentAgain && (await hasWriteId(redis, id, writeId))) return false;
    const charged = fact.kind === 'create_sent' && day !== undefined;
    await book.record(id, fact, charged ? { charge: day } : {}, before, writeId);
    return true;
  }

  /** Restores the state from which it was sent again. If another process has already settled the earlier attempt, that stays. */
  async function makeUnsent(id: string, { state, sentAt }: Registration, at: number, book: Ledger): Promise<void> {
    const about = { at, ...(sentAt !== undefined && { callSentAt: sentAt }) };
    // No answer is known: that is no verdict on a canary, or on the line's probe.
    const quietly = { rowVerdict: 'none' } as const;
    if (!isOver(state)) await book.record(id, { kind: 'push_overdue', ...about }, quietly);
    const because = 'Redis had forgotten why it was sent again';
    await book.record(id, { kind: 'retry_asked', because, ...about }, quietly);
  }

  /** Redis has forgotten the row, too. If a sheet names the enterprise again, acquire.lua finds the entry before the row is sent. */
  async function keepOrphan({ fact, ...rest }: JournalEntry): Promise<boolean> {
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
}

/** What a process saw of Redis when it looked last. */
interface Seen {
  readonly epoch: string;
  readonly facts: number;
  /** For how long creates have waited for other processes; -1: they do not wait. */
  readonly waitedMs: number;
  readonly others: readonly string[];
}

/** The folder of the journal: a process that reads it can report for all processes that write there. */
interface Process {
  readonly folder: string;
  readonly host: string;
  readonly pid: number;
  /** When the process started: process ids are reused. */
  readonly start: string;
  /** Distinguishes two guards of one process. */
  readonly part: string;
}

function nameOf({ folder, host, pid, start, part }: Process): string {
  return [folder, pid, start, part, host].join(' ');
}

function processFrom(name: string): Process {
  const [folder = '', pid, start = '', part = '', ...host] = name.split(' ');
  return { folder, pid: Number(pid), start, part, host: host.join(' ') };
}

/** How a push is recognised: a captured push that is sent again may have a longer query, but not another signature. */
function sameIn(query: string): string {
  return /(?:^|&)msg_signature=([0-9a-f]{40})(?:&|$)/.exec(query)?.[1] ?? query;
}
