import type { Command } from 'commander';
import { limitsOf } from '../app/wiring/limits.js';
import { processSourcesOf } from '../app/wiring/processes.js';
import type { Store } from '../app/wiring/store.js';
import { byOutcome } from '../domain/batch.js';
import { isoWithOffset } from '../domain/calendar.js';
import type { Limits } from '../domain/limits.js';
import { opensByItself } from '../domain/line.js';
import { REMIND_BEFORE_MS } from '../domain/link.js';
import { type LiveProcess, liveOf, type Presence, type ProcessRole } from '../domain/presence.js';
import { WAITS, type Wait } from '../domain/registration.js';
import type { Words } from '../domain/words.js';
import { ticketReceivedAt } from '../redis/component-store.js';
import { openLinks } from '../redis/ledger/links.js';
import { lastLoss, unreported } from '../redis/ledger/loss.js';
import { openPushes } from '../redis/pushes/pushes.js';
import { openReconciliations } from '../redis/reconciliations.js';
import { processesNow } from '../reporter/missing-worker.js';
import { outlook } from '../reporter/outlook.js';
import { forCreates, type SendingStatus, sendingStatus } from '../reporter/sending-status.js';
import { shutDayFacts, shutDayLines } from '../reporter/shut-day.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { pause } from './pause.js';
import { batchNamed, everyBatch } from './report.js';
import { onInterruption, print, printJson, table } from './terminal.js';

interface Options {
  readonly json?: true;
  readonly watch?: true;
}

const LOOK_EVERY_MS = 2_000;

/** So many of the registrations that are due next are asked what they wait for. */
const LOOKED_AT = 1_000;

export function statusCommand(): Command {
  return command(
    'status [BATCH]',
    'Counts by outcome, quota left, what is waiting for what and until when, and whether the line is stopped and why.',
    'fastregister status --watch',
  )
    .option('--watch', 'show it anew whenever it changes, until Ctrl-C')
    .option('--json', 'print as JSON')
    .action(async (id: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => status(context, id, options)),
    );
}

async function status({ open }: CommandContext, id: string | undefined, options: Options): Promise<number> {
  const store = await open('interactive');
  const text = async (): Promise<string> => {
    const facts = await gather(store, id);
    return options.json ? `${JSON.stringify(facts, null, 2)}\n` : describe(facts);
  };
  if (!options.watch) {
    if (options.json) await printJson(await gather(store, id));
    else await print(await text());
    return EXIT.done;
  }
  const interruption = onInterruption();
  let shown = '';
  while (!interruption.signal.aborted) {
    const now = await text();
    // A terminal shows the present; a file or a pipe gets one page for each change.
    if (now !== shown) await print(process.stdout.isTTY ? `${CLEARED}${now}` : `${shown === '' ? '' : '\n'}${now}`);
    shown = now;
    await pause(LOOK_EVERY_MS, interruption.signal);
  }
  return EXIT.done;
}

const CLEARED = '\u001b[2J\u001b[H';

async function gather(store: Store, id: string | undefined) {
  const limits = limitsOf(store.settings);
  const wanted = id === undefined ? await everyBatch(store) : [await batchNamed(store, id)];
  const at = Date.now();
  const now = await sendingStatus(store.calls, limits, at, store.settings.wechatRegistrationApi);
  const pushes = openPushes(store.redis);
  const batches = await Promise.all(
    wanted.map(async (batch) => {
      const counts = await store.batches.counts(batch.id);
      return {
        batch: batch.id,
        file: batch.purgedAt === undefined ? batch.file : '(purged)',
        rows: batch.rows,
        complete: batch.complete,
        outcomes: byOutcome(counts),
        waiting: waits(counts),
      };
    }),
  );
  // Its words say when it ends.
  const { until: _, ...blockedReason } = now.blockedReason ?? {};
  const parked = await pushes.parked();
  const links = await linksNow(store, Date.now());
  const creates = forCreates(now, limits);
  const ticketAt = await ticketReceivedAt(store.redis);
  const loss = await lastLoss(store.redis);
  const { presence, missing } = await processesNow(processSourcesOf(store.settings, store.redis));
  return {
    line:
      now.stopped || now.blockedReason
        ? { stopped: isStopped(now), ...blockedReason, ...metByLine(now, limits) }
        : { stopped: false },
    processes: processesShown(presence, limits),
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
      told: told(now, limits),
      shut: shutDayFacts(now.shut, limits),
    },
    ...outlook(await store.workload.toSend(), creates.left, creates.limits, at),
    waitsUntil: await waitsUntil(store),
    ticketReceivedAt: ticketAt === undefined ? null : isoWithOffset(ticketAt, limits.timezone),
    parkedPushes: parked,
    forgotten:
      loss === undefined
        ? null
        : { facts: loss.facts, pushes: loss.pushes, at: isoWithOffset(loss.at, limits.timezone) },
    processesToReport: await unreported(store.redis),
    compared: await comparedNow(store),
    links,
    batches,
  };
}

/** Who works on this ledger, and when WeChat was last called, last pushed, and since when a row waits that could be sent. */
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

/** One line for each role of which there is, or was, a process. */
function processLines({ workers, receivers, schedulers, ...times }: ReturnType<typeof processesShown>): string[][] {
  const lines = Object.entries({ workers, receivers, schedulers }).flatMap(([role, { live, lastSeenAt }]) => {
    if (live.length > 0) return [[role, `${live.length} alive: ${live.map(placeOf).join(', ')}`]];
    return lastSeenAt === null && role === 'schedulers'
      ? []
      : [[role, lastSeenAt === null ? 'none yet' : `none; last seen at ${lastSeenAt}`]];
  });
  return [
    ...lines,
    ...(times.lastCallAt === null ? [] : [['last call', times.lastCallAt]]),
    ...(times.lastPushAt === null ? [] : [['last push', times.lastPushAt]]),
    ...(times.waitingSince === null ? [] : [['oldest row to send', `waits since ${times.waitingSince}`]]),
  ];
}

function placeOf({ host, pid, version }: Pick<LiveProcess, 'host' | 'pid' | 'version'>): string {
  return `${host}:${pid} (${version})`;
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

/** What `quota/get` told last of this day, beside what we had counted then: others of the platform call as well. */
function told({ told }: SendingStatus, { timezone }: Limits) {
  if (told === undefined) return null;
  const { used, counted, at } = told;
  return { used, counted, difference: used - counted, at: isoWithOffset(at, timezone) };
}

/** Why registrations are deferred, and when the first of each kind is due. */
async function waitsUntil({ workload, settings }: Store): Promise<Record<string, string>> {
  const first: Record<string, string> = {};
  for (const { wait, until } of await workload.dueNext(LOOKED_AT)) {
    const why = wait === undefined ? 'another answer' : WAITS[wait].en;
    first[why] ??= isoWithOffset(until, settings.quotaTimezone);
  }
  return first;
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

function comparedLines(compared: Awaited<ReturnType<typeof comparedNow>>): string[][] {
  if (compared === null) return [];
  const { at, silent, recorded, tokens, ambiguous, refused } = compared;
  const words = [
    `${silent} silent, ${recorded} found`,
    ...(tokens > 0 ? [`${tokens} refresh tokens found`] : []),
    ...(ambiguous > 0 ? [`${ambiguous} names fit several: fastregister reconcile`] : []),
    ...(refused === null ? [] : [`not read to its end: ${refused}`]),
  ];
  return [["WeChat's list of accounts", `compared at ${at}: ${words.join('; ')}`]];
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

function keptOf({ kept }: { readonly kept: number }): string {
  return kept === 0 ? '' : `, ${kept} of them kept for searches that fall due today`;
}

function linkLines({ open, ending, nextEndsAt }: Awaited<ReturnType<typeof linksNow>>): string[][] {
  if (open === 0) return [];
  const soon = ending > 0 ? `; ${ending} end in less than three hours: remind those legal persons` : '';
  return [['links to open', `${open}, the next one ends at ${nextEndsAt}${soon}`]];
}

function lineOf(missing: { reason: Words; nextStep: Words } | null): string {
  return missing === null ? 'running' : `${missing.reason.en} ${missing.nextStep.en}`;
}

function describe(facts: Awaited<ReturnType<typeof gather>>): string {
  const { line, calls, batches, workerMissing } = facts;
  const head = [
    ['line', 'reason' in line && line.reason ? `${line.reason.en} ${line.nextStep?.en ?? ''}` : lineOf(workerMissing)],
    ...('reason' in line && line.reason && workerMissing ? [['fault', lineOf(workerMissing)]] : []),
    ...processLines(facts.processes),
    ['calls today', `${calls.used} of ${calls.limit}, ${calls.left} left${keptOf(calls)}`],
    ...(calls.shut === null ? [] : shutDayLines(calls.shut)),
    ...(calls.told === null
      ? []
      : [['counted by WeChat', `${calls.told.used} at ${calls.told.at}, where we had counted ${calls.told.counted}`]]),
    [
      'to be sent',
      facts.sentBy === undefined ? 'nothing' : `${facts.toSend}, the last by ${facts.sentBy} at this quota`,
    ],
    ...Object.entries(facts.waitsUntil).map(([why, until]) => ['waiting', `${why}: the first until ${until}`]),
    ['verify ticket', facts.ticketReceivedAt ?? 'none yet'],
    ...linkLines(facts.links),
    ...(facts.processesToReport > 0
      ? [
          [
            'after a restart of Redis',
            `sending waits for ${facts.processesToReport} processes to report, at most a minute`,
          ],
        ]
      : []),
    ...(facts.forgotten === null
      ? []
      : [
          [
            'Redis had forgotten',
            `${facts.forgotten.facts} facts and ${facts.forgotten.pushes} pushes at ${facts.forgotten.at}; they were recorded again`,
          ],
        ]),
    ...comparedLines(facts.compared),
    ...(facts.parkedPushes > 0 ? [['pushes that fit no registration', String(facts.parkedPushes)]] : []),
  ];
  const rows = batches.map(({ batch, file, rows: count, complete, outcomes, waiting }) => [
    batch,
    file,
    `${count} rows${complete ? '' : ' (loading was interrupted: load it again)'}`,
    Object.entries(outcomes)
      .map(([outcome, number]) => `${number} ${outcome}`)
      .join(', '),
    Object.entries(waiting)
      .map(([what, number]) => `${number} × ${what.replaceAll('_', ' ')}`)
      .join('; '),
  ]);
  return `${table(head)}\n\n${rows.length > 0 ? table(rows) : 'No batch yet. Load a sheet: fastregister load FILE'}\n`;
}
