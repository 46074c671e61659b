/** How it is now: the line, the processes, the calls of today, what waits for what, and every batch. */

import { type Batch, type Counts, countOf } from '../domain/batch.js';
import { isoWithOffset, quotaDay } from '../domain/calendar.js';
import type { Limits } from '../domain/limits.js';
import { opensByItself } from '../domain/line.js';
import { REMIND_BEFORE_MS } from '../domain/link.js';
import { STATE_WORDS } from '../domain/outcome-words.js';
import { liveOf, type Presence, type ProcessRole, workersWithOtherApi } from '../domain/presence.js';
import { type State, WAITS, type Wait } from '../domain/registration.js';
import { same, type Words } from '../domain/words.js';
import { ticketReceivedAt } from '../redis/component-store.js';
import { lastLoss, unreported } from '../redis/ledger/last-loss.js';
import { openLinks } from '../redis/ledger/links.js';
import { openNotices } from '../redis/notices.js';
import { openPushes } from '../redis/pushes/pushes.js';
import { openReconciliations } from '../redis/reconciliations.js';
import { writesRefused } from '../redis/server/durability.js';
import { processesNow, troubleOfProcess } from '../reporter/missing-worker.js';
import { outlook } from '../reporter/outlook.js';
import { forCreates, type SendingStatus } from '../reporter/sending-status.js';
import { shutDayFacts } from '../reporter/shut-day.js';
import { toBeSentSoon, unsent } from '../reporter/tally.js';
import { undelivered } from '../reporter/undelivered.js';
import { batchNamed, batchSummary, everyBatch } from './batches.js';
import { sendingNow } from './sending-now.js';
import { limitsOf } from './wiring/limits.js';
import { processSourcesOf } from './wiring/process-sources.js';
import type { Store } from './wiring/store.js';

/** How many of the registrations that are due next are read for what they wait for. */
const LOOKED_AT = 1_000;

export type StatusFacts = Awaited<ReturnType<typeof gatherStatus>>;

/** The same without the batches, of which there may be thousands. */
export type CurrentStatus = Awaited<ReturnType<typeof currentStatus>>;

/** Of one batch, or of all. Times are ISO 8601 with offset. @throws RequestError where there is no such batch */
export async function gatherStatus(store: Store, id: string | undefined) {
  const wanted = id === undefined ? await everyBatch(store) : [await batchNamed(store, id)];
  const facts = await currentStatus(store);
  return { ...facts, batches: await Promise.all(wanted.map((batch) => batchNow(store, batch))) };
}

export type BatchNow = ReturnType<typeof batchWith>;

/** How many rows of a batch have which outcome, and what the others wait for. */
export async function batchNow({ batches }: Pick<Store, 'batches'>, batch: Batch) {
  return batchWith(batch, await batches.counts(batch.id));
}

export function batchWith(batch: Batch, counts: Counts) {
  return {
    ...batchSummary(batch, counts),
    loadedAt: batch.loadedAt,
    unsent: unsent(counts),
    ready: countOf(counts, 'queued'),
    soon: toBeSentSoon(counts),
    waiting: waits(counts),
  };
}

/**
 * How it is now, whatever batches there are. Times are ISO 8601 with offset. All is asked at once: while a sheet loads, each
 * answer of Redis waits for pages that are being stored.
 */
export async function currentStatus(store: Store, sending: Promise<SendingStatus> = sendingNow(store)) {
  const { redis, settings, workload } = store;
  const limits = limitsOf(settings);
  const at = Date.now();
  const [
    refused,
    now,
    { presence, missing: missingWorker },
    { soon, later },
    waiting,
    parked,
    links,
    ticketAt,
    loss,
    toReport,
    compared,
    failing,
  ] = await Promise.all([
    writesRefused(redis),
    sending,
    processesNow(processSourcesOf(settings, redis)),
    workload.toSendAround(quotaDay(at, limits.timezone).endsAt),
    waitsUntil(store),
    openPushes(redis).parked(),
    linksNow(store, at),
    ticketReceivedAt(redis),
    lastLoss(redis),
    unreported(redis),
    comparedNow(store),
    undelivered(settings, openNotices(redis)),
  ]);
  // While Redis takes no writes, no worker can record there that it lives.
  const missing = refused === undefined ? missingWorker : undefined;
  // Its words say when it ends.
  const { until: _, ...blockedReason } = now.blockedReason ?? {};
  const creates = forCreates(now, limits);
  return {
    writesRefused: refused === undefined ? null : { reason: refused.words },
    line:
      now.stopped || now.blockedReason
        ? { stopped: isStopped(now), ...blockedReason, ...metByLine(now, limits) }
        : { stopped: false },
    processes: processesShown(presence, limits),
    unableProcesses: unableProcesses(presence),
    otherApi: otherApi(presence, settings.wechatRegistrationApi),
    workerMissing:
      missing === undefined
        ? null
        : {
            since: isoWithOffset(missing.since, limits.timezone),
            problem: missing.problem,
            reason: missing.reason,
            nextStep: missing.nextStep,
          },
    calls: {
      used: now.used,
      limit: now.limit,
      left: now.left,
      kept: now.kept,
      reported: reportedQuota(now, limits),
      shut: shutDayFacts(now.shut, limits),
    },
    ...outlook(soon, creates.left, creates.limits, at),
    toSend: soon + later,
    toSendLater: later,
    waitsUntil: waiting,
    ticketReceivedAt: ticketAt === undefined ? null : isoWithOffset(ticketAt, limits.timezone),
    parkedPushes: parked,
    forgotten:
      loss === undefined
        ? null
        : { facts: loss.facts, pushes: loss.pushes, at: isoWithOffset(loss.at, limits.timezone) },
    processesToReport: toReport,
    compared,
    undelivered: failing,
    links,
  };
}

/**
 * Which processes work on this ledger, when WeChat was last called and last pushed, and since when a row that could be
 * sent waits.
 */
function processesShown(presence: Presence, { timezone }: Limits) {
  const { callAt, pushAt, waitingSince } = presence;
  const time = (at: number | undefined): string | null => (at === undefined ? null : isoWithOffset(at, timezone));
  const ofRole = (role: ProcessRole) => ({
    live: liveOf(presence, role).map(({ host, pid, version }) => ({ host, pid, version })),
    lastSeenAt: time(presence.seen[role]),
  });
  return {
    workers: ofRole('worker'),
    receivers: ofRole('receiver'),
    schedulers: ofRole('scheduler'),
    lastCallAt: time(callAt),
    lastPushAt: time(pushAt),
    waitingSince: time(waitingSince),
  };
}

/** What keeps single processes from their work. */
function unableProcesses({ live }: Presence) {
  return live.flatMap((process) => {
    const { role, host, pid, problem } = process;
    if (problem === undefined) return [];
    const { en, zh, nextStep } = troubleOfProcess(process);
    return [{ role, host, pid, problem, reason: { en, zh }, nextStep }];
  });
}

function otherApi(presence: Presence, api: string) {
  const workers = workersWithOtherApi(presence, api).map(({ host, pid, api = '' }) => ({ host, pid, api }));
  return workers.length === 0 ? null : { workers, settings: api };
}

/** Also while it is tried by itself. */
function isStopped({ stopped, line }: SendingStatus): boolean {
  return stopped || line?.probe !== undefined;
}

/** What stopped the line, for programs; its words are `reason` and `nextStep`. */
function metByLine({ line }: SendingStatus, { timezone }: Limits) {
  if (line === undefined) return {};
  const { because, times, merchants, since, at, probe } = line;
  return {
    because,
    times: times ?? null,
    merchants: merchants ?? null,
    firstMetAt: since === undefined ? null : isoWithOffset(since, timezone),
    stoppedAt: isoWithOffset(at, timezone),
    opensByItself: opensByItself(line),
    nextTryAt: opensByItself(line) ? isoWithOffset(line.probe.at, timezone) : null,
    triesFailed: probe?.failed ?? null,
  };
}

/** What `quota/get` reported last of this day, beside what we had counted then: others of the platform call as well. */
function reportedQuota({ reported }: SendingStatus, { timezone }: Limits) {
  if (reported === undefined) return null;
  const { used, counted, at } = reported;
  return { used, counted, difference: used - counted, at: isoWithOffset(at, timezone) };
}

/** Why registrations are deferred, and when the first of each kind is due. */
async function waitsUntil({ workload, settings }: Store): Promise<Record<string, string>> {
  const first: Record<string, string> = {};
  for (const { wait, until } of await workload.dueNext(LOOKED_AT)) {
    const why = wait === undefined ? ANOTHER_ANSWER.en : WAITS[wait].en;
    first[why] ??= isoWithOffset(until, settings.quotaTimezone);
  }
  return first;
}

const ANOTHER_ANSWER: Words = { en: 'another answer', zh: '其他答复' };

/** Facts name what is waited for in English, or by a state: the words of both languages. */
export function waitInWords(name: string): Words {
  const state: Words | undefined = STATE_WORDS[name as State];
  const known = [ANOTHER_ANSWER, ...Object.values(WAITS)].find(({ en }) => en === name);
  return state ?? known ?? same(name);
}

/** Links that legal persons have yet to open, of every batch. */
async function linksNow({ redis, settings }: Store, now: number) {
  const links = openLinks(redis);
  const [open, ending, next] = await Promise.all([
    links.count(now, Number.POSITIVE_INFINITY),
    links.count(now, now + REMIND_BEFORE_MS),
    links.nextEnd(now),
  ]);
  return { open, ending, nextEndsAt: next === undefined ? null : isoWithOffset(next, settings.quotaTimezone) };
}

/** How the last comparison of WeChat's list of accounts ended, which runs by itself; null before the first. */
async function comparedNow({ redis, settings }: Store) {
  const last = await openReconciliations(redis).last();
  if (last === undefined) return null;
  const { at, refused, ...found } = last;
  return { at: isoWithOffset(at, settings.quotaTimezone), ...found, refused: refused === '' ? null : refused };
}

/** `queued: 3`, `deferred, because …: 2` */
function waits(counts: Readonly<Record<string, number>>): Record<string, number> {
  const waiting: Record<string, number> = {};
  for (const [name, count] of Object.entries(counts)) {
    const [state, wait] = name.split('/');
    if (wait !== undefined) waiting[WAITS[wait as Wait]?.en ?? wait] = count;
    else if (state === 'queued' || state === 'submitting' || state === 'awaiting_legal_person') waiting[state] = count;
  }
  return waiting;
}
