/**
 * Watches for events to notify people of: a batch is done, the line is stopped, the quota of the day is used up. Each
 * is sent once.
 */
import type { Logger } from 'pino';
import { byOutcome } from '../domain/batch.js';
import type { NotedWait } from '../domain/budgets.js';
import { type LineStop, opensByItself } from '../domain/line.js';
import { isWorthANotice } from '../domain/line-faults.js';
import type { Night } from '../domain/night.js';
import type { Actor, Words } from '../domain/words.js';
import { lookEvery } from '../polling.js';
import type { Calls } from '../redis/calls.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Loss } from '../redis/ledger/last-loss.js';
import type { Nights } from '../redis/nights.js';
import type { SentNotices } from '../redis/sent-notices.js';
import type { WakeupChannel } from '../redis/wakeup-channel.js';

export interface EventWatcherOptions {
  readonly sentNotices: SentNotices;
  readonly batches: Batches;
  readonly calls: Calls;
  /** The quota day that is used up, e.g. `2026-11-21`, when it ends, in ms, and its calls; undefined while there are calls left. */
  readonly spentDay: () => Promise<SpentDay | undefined>;
  /** Why nothing is sent, and what to do about it. */
  readonly words: (why: { readonly line: LineStop } | { readonly wait: NotedWait }) => StopWords;
  /** How long a fault that ends by itself lasts before it is reported, in ms. */
  readonly notifyAfterMs: number;
  /** Nights report their batches themselves; absent if no night can. */
  readonly nights?: Pick<Nights, 'list'>;
  readonly wakeupChannel: WakeupChannel;
  /** What Redis had forgotten last, once every process has reported. */
  readonly loss?: () => Promise<Loss | undefined>;
  readonly now: () => number;
  readonly log: Logger;
}

export interface StopWords {
  readonly problem: string;
  readonly reason: Words;
  readonly nextStep: Words;
  readonly whoActs: Actor;
}

export interface SpentDay {
  readonly day: string;
  readonly endsAt: number;
  readonly used: number;
}

export interface EventWatcher {
  /** Looks once more. */
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;
/** Of older batches only those are watched that were pending when they were looked at last: the others were reported. */
const BATCHES_WATCHED = 500;

export function startEventWatcher(options: EventWatcherOptions): EventWatcher {
  const { wakeupChannel, log } = options;
  const failure = 'cannot look for new notices now; trying again';
  const polling = lookEvery({ everyMs: LOOK_EVERY_MS, look: () => look(options), log, failure });
  const unhook = wakeupChannel.on('line', polling.nudge);
  return {
    async close() {
      unhook();
      await polling.close();
      await look(options).catch((error) => log.warn({ err: error }, failure));
    },
  };
}

async function look(options: EventWatcherOptions): Promise<void> {
  const known = await options.sentNotices.all();
  await reportBatches(options, known);
  await reportTheLine(options, known);
  await reportTheToken(options);
  await reportTheQuota(options);
  await reportALoss(options);
}

/** Before the id of a batch, among the subjects of notices. */
const SUBJECT = 'batch ';

async function reportBatches(
  { sentNotices, batches, nights, now }: EventWatcherOptions,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  // If no notice was ever sent, batches that were done before are no news.
  const isFirst = known.since === undefined;
  const loaded = await batches.list();
  const isPending = (subject: string): boolean => subject.startsWith(SUBJECT) && known[subject] === 'open';
  const pending = Object.keys(known).filter(isPending);
  // More than these may have been loaded since the last look, if no process ran meanwhile.
  const seen = Number(known.batches ?? loaded.length);
  const newest = loaded.slice(Math.max(0, Math.min(seen, loaded.length - BATCHES_WATCHED)));
  for (const id of new Set([...pending.map((subject) => subject.slice(SUBJECT.length)), ...newest])) {
    const subject = `${SUBJECT}${id}`;
    const outcomes = byOutcome(await batches.counts(id));
    const isReported = known[subject] === 'done';
    if (outcomes.pending !== undefined || !(isReported || (await batches.find(id))?.complete)) {
      // A retry has opened it again.
      if (isReported) await sentNotices.note(subject, 'open');
      else if (known[subject] === undefined) await sentNotices.noteFirst(subject, 'open');
      continue;
    }
    if (isReported) continue;
    if (isFirst) await sentNotices.note(subject, 'done');
    else {
      await sentNotices.sendOnce(subject, 'done', id, {
        id: `batch-${id}-${now()}`,
        type: 'batch.done',
        at: now(),
        data: { batch: id, outcomes },
        chat: { reported_by_night: nights !== undefined && isReportedByNight(id, await nights.list(), now()) },
      });
    }
  }
  if (seen !== loaded.length || known.batches === undefined) await sentNotices.note('batches', String(loaded.length));
  if (isFirst) await sentNotices.note('since', String(now()));
}

const NIGHT_JUST_ENDED_MS = 60_000;

/** A night that waits for the outcomes of its batches reports them a moment later, with the same counts. */
function isReportedByNight(batch: string, nights: readonly Night[], now: number): boolean {
  return nights.some(
    ({ files, ending, endedAt = 0 }) =>
      files.some((file) => file.batch === batch) &&
      (ending === undefined || (ending === 'done' && now - endedAt < NIGHT_JUST_ENDED_MS)),
  );
}

/** A notice about a stop that ends by itself has a second part: that the stop is over. */
const BY_ITSELF = ' until it opens by itself';

async function reportTheLine(
  { sentNotices, calls, words, notifyAfterMs, now }: EventWatcherOptions,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  const line = await calls.line();
  if (line === undefined) {
    if (known.line === undefined || known.line === 'runs') return;
    if (!known.line.endsWith(BY_ITSELF)) return sentNotices.note('line', 'runs');
    const at = now();
    return sentNotices.sendOnce('line', 'runs', 'line', { id: `line-runs-${at}`, type: 'line.resumed', at, data: {} });
  }
  if (!isWorthANotice(line, now(), notifyAfterMs)) return;
  const { at, because, times, merchants, since } = line;
  await sentNotices.sendOnce('line', `stopped ${at}${opensByItself(line) ? BY_ITSELF : ''}`, 'line', {
    id: `line-${at}`,
    type: 'line.stopped',
    at,
    data: {
      ...stopData(words({ line })),
      because,
      times: times ?? null,
      merchants: merchants ?? null,
      first_met_at: since === undefined ? null : new Date(since).toISOString(),
      opens_by_itself: opensByItself(line),
    },
  });
}

/** The sentences of a stop, as the body of a notice names them. */
export function stopData({ problem, reason, nextStep, whoActs }: StopWords): Record<string, unknown> {
  return { problem, reason, next_step: nextStep, who_acts: whoActs };
}

/** Without a token nothing is sent, and the line does not stop for it, because no call has met a fault. */
async function reportTheToken({ sentNotices, calls, words, notifyAfterMs, now }: EventWatcherOptions): Promise<void> {
  const wait = await calls.waitNoted();
  // A ticket is WeChat's to push, every ten minutes.
  if (wait?.since === undefined || wait.why === 'ticket') return;
  const { since, tries = 1, said } = wait;
  if (tries < 2 || now() - since < notifyAfterMs) return;
  await sentNotices.sendOnce('token', `missing since ${since}`, 'line', {
    id: `token-${since}`,
    type: 'line.stopped',
    at: since,
    data: {
      ...stopData(words({ wait })),
      because: said ?? '',
      times: tries,
      merchants: null,
      first_met_at: new Date(since).toISOString(),
      opens_by_itself: true,
    },
  });
}

/** While processes report, the numbers grow: the notice is sent when creates go on. */
async function reportALoss({ sentNotices, loss }: EventWatcherOptions): Promise<void> {
  const found = await loss?.();
  if (found === undefined) return;
  const { epoch, at, facts, pushes } = found;
  await sentNotices.sendOnce('loss', epoch, 'loss', {
    id: `loss-${epoch}`,
    type: 'ledger.restored',
    at,
    data: { facts, pushes },
  });
}

async function reportTheQuota({ sentNotices, spentDay, now }: EventWatcherOptions): Promise<void> {
  const spent = await spentDay();
  if (spent === undefined) return;
  const { day, endsAt, used } = spent;
  await sentNotices.sendOnce('quota', day, 'quota', {
    id: `quota-${day}`,
    type: 'quota.ended',
    at: now(),
    data: { day, used, goes_on_at: new Date(endsAt).toISOString() },
  });
}
