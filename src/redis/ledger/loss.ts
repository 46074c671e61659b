/**
 * A Redis that lost data: after a power cut without its last second, after a failover to a replica that lagged, with a
 * restored backup. Each run of Redis begins an epoch. A process that meets an unknown epoch compares its journal with
 * the ledger and records again what is missing, before the next create goes: acquire.lua lets none pass until every
 * process that was seen in the last minutes has reported.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { GuardClosed } from '../../domain/ledger-errors.js';
import { sleep } from '../../sleep.js';
import { freshRuns } from '../fresh-runs.js';
import { key } from '../keys.js';
import { openPushes } from '../pushes/pushes.js';
import { type RunScript, script } from '../scripts.js';
import type { Vault } from '../vault.js';
import { type LedgerIdentity, restoreLedger } from './identity.js';
import { JOURNAL_LIVES_MS, type Journal, openJournal } from './journal.js';
import { rememberedKeys, rememberKey } from './journal-key.js';
import type { JournalEntry } from './journal-lines.js';
import { hasEnded, type JournalProcess, nameOf, processFrom, thisProcess } from './journal-process.js';
import { type Gate, openLedger } from './ledger.js';
import { type LedgerName, OTHER_LEDGER_KEY, stopForOtherKey, writeLedgerKey } from './ledger-key.js';
import { keepOrphan, restoreMissing, restoreOrphans } from './restoring.js';
import { UNKNOWN_PROCESSES } from './unknown-processes.js';

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
  /** Whether Redis is that of one machine: only a power cut takes something from it, and all processes end with it. */
  readonly isPrivate: boolean;
  /** What this process expects of its ledger. */
  readonly identity: LedgerIdentity;
  /** Undefined where the settings do not say all of it. */
  readonly ledgerName: LedgerName | undefined;
  /** The ledger's key as this process has read it before: Redis may have been emptied since. */
  readonly keyRead: string;
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

export async function guardAgainstLoss({
  redis,
  home,
  vault,
  isPrivate,
  identity,
  ledgerName,
  keyRead,
  permitMs,
  now,
  log,
}: LossGuardOptions): Promise<LossGuard> {
  const ledgerKey = (await redis.hget(key('ledger'), 'key')) ?? keyRead;
  const journal = openJournal({ home, ledgerKey, vault, now, log });
  if (ledgerName !== undefined) rememberKey(home, ledgerKey, ledgerName);
  const tools = { redis, ledger: openLedger(redis), pushes: openPushes(redis), vault };
  const epochScript = script(redis, 'epoch');
  const reportScript = script(redis, 'epoch-report');
  const self = await thisProcess(journal.id);
  const name = nameOf(self);
  let seen: Seen = { epoch: '', facts: 0, waitedMs: -1, others: [] };
  let reported = '';
  let closed = false;
  const check = freshRuns(look);
  const restore = (registration: string): Promise<void> => restoreOrphans(tools, registration);

  async function look(): Promise<void> {
    seen = await lookAt(epochScript, seen, name, isPrivate);
    const { epoch, waitedMs } = seen;
    const isNew = epoch !== reported;
    // While creates wait, a process for which they wait may end.
    if (!isNew && waitedMs < 0) return;
    // An emptied Redis has lost it, too; another process would derive another one where the secret key was changed since.
    if (isNew) await giveBackLedger();
    // Asked before the journal is read: otherwise the last entries of a process that dies in between would be missed.
    const spoken = await spokenFor(redis, self, waitedMs >= permitMs);
    if (!isNew && spoken.length === 0) return;
    const missing = await restoreMissing(tools, journal.read());
    if (missing.facts + missing.pushes > 0) {
      log.error(missing, 'Redis had forgotten what it had acknowledged; it was recorded again');
    }
    const report = [epoch, missing.facts, missing.pushes, name, ...spoken];
    // Another epoch may have begun meanwhile.
    if ((await reportScript([key('epoch')], report)) === 0) return look();
    reported = epoch;
  }

  async function giveBackLedger(): Promise<void> {
    await writeLedgerKey(redis, ledgerKey);
    await restoreLedger(redis, identity);
    if (await stopForOtherKey(redis, ledgerKey, now())) sayOtherKey();
  }

  function sayOtherKey(): void {
    log.error(
      { problem: OTHER_LEDGER_KEY },
      'the line is stopped: the ledger has another key than that of the journal',
    );
  }

  /** Another process may have made the ledger anew before this one was started. */
  async function compareEarlierKeys(): Promise<void> {
    const since = now() - JOURNAL_LIVES_MS;
    const earlier = ledgerName === undefined ? [] : rememberedKeys(home, ledgerName);
    const other = earlier.find((it) => it.key !== ledgerKey && it.writtenAt >= since);
    if (other !== undefined && (await stopForOtherKey(redis, other.key, now()))) sayOtherKey();
  }

  function checkInBackground(): void {
    check().catch((error) => {
      if (!closed) log.warn({ err: error }, 'could not check whether Redis has forgotten anything; trying again');
    });
  }

  async function settled(): Promise<void> {
    await check();
    while (seen.waitedMs >= 0) {
      await sleep(SETTLED_LOOK_MS);
      if (closed) throw new GuardClosed();
      await check();
    }
  }

  redis.on('ready', checkInBackground);
  const timer = setInterval(checkInBackground, LOOK_EVERY_MS).unref();
  await compareEarlierKeys();
  await check();

  return {
    journal,
    epoch: () => reported,
    check,
    ofAnswers: { epoch: () => reported, pass: check, restore },
    ofOthers: { epoch: () => reported, pass: settled, restore, settleMs: SETTLE_MS },
    restore,
    async keep(entry) {
      await keepOrphan(tools, entry);
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
}

/** The state of Redis at the last look. */
interface Seen {
  readonly epoch: string;
  readonly facts: number;
  /** For how long creates have waited for other processes; -1: they do not wait. */
  readonly waitedMs: number;
  readonly others: readonly string[];
}

async function lookAt(
  epochScript: RunScript,
  { epoch, facts, others }: Seen,
  name: string,
  isPrivate: boolean,
): Promise<Seen> {
  const { momentMs } = UNKNOWN_PROCESSES;
  const known = [epoch, facts, randomUUID(), name];
  const args = [...known, SEEN_WITHIN_MS, SETTLE_MS, isPrivate ? 'private' : '', momentMs, ...others];
  const [present, count, waitedMs, ...processes] = (await epochScript([key('epoch')], args)) as [
    string,
    number,
    number,
    ...string[],
  ];
  return { epoch: present, facts: count, waitedMs, others: processes.filter((it) => it !== name) };
}

/**
 * Processes that have not reported and whose journals this process reads, because they share its folder. A process that has
 * ended writes no more. Another process writes no more entries of calls that it was permitted earlier, once those permits
 * have expired.
 */
async function spokenFor(redis: Redis, self: JournalProcess, permitsAreOver: boolean): Promise<string[]> {
  const name = nameOf(self);
  const beside = (await redis.smembers(key('unreported'))).filter(
    (it) => it !== name && processFrom(it).folder === self.folder,
  );
  const spoken = await Promise.all(beside.map(async (it) => permitsAreOver || (await hasEnded(processFrom(it)))));
  return beside.filter((_, at) => spoken[at]);
}
