/**
 * Random lives of a few merchants over the real scripts, driven by the real worker, against a model that fits into one
 * look: what WeChat was asked, and what it told. WeChat's side is played here, so that every answer, every push and
 * every death of a worker can come at every moment.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Limits, sendingWindow } from '../../src/domain/limits.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { DEFAULT_PATIENCE, type Patience, quotaRechecksMs } from '../../src/domain/patience.js';
import type { FactKind } from '../../src/domain/registration.js';
import { batchOf } from '../../src/domain/row.js';
import type { HistoryEntry } from '../../src/domain/snapshot.js';
import { registrationOf, type WorkKind } from '../../src/domain/work.js';
import { key } from '../../src/redis/keys.js';
import { newWriteId } from '../../src/redis/ledger/write-set.js';
import { script } from '../../src/redis/scripts.js';
import type { Client, Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import type { RegistrationApi } from '../../src/wechat/registration-api.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { followUp } from '../../src/worker/follow-up.js';
import { submit } from '../../src/worker/submit.js';
import { DAY_MS, idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { creditCode, merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { runs } from '../support/runs.js';
import { RIGHT_CLOCK, WHOLE_MEMORY } from '../support/worker-context.js';

const server = useRedis();

/** Six rows of three enterprises, each with two legal persons; the first three have one legal person in common. */
const MERCHANTS: readonly Merchant[] = [0, 1, 2, 3, 4, 5].map((number) =>
  merchant(number, 'ok', { code: creditCode(number % 3), ...(number < 3 && { legalPersonaWechat: 'chain-boss' }) }),
);

const ANSWERS = {
  accepted: { errcode: 0 },
  refused: { errcode: 61070 },
  again: { errcode: 89247 },
  busy: { errcode: 89249 },
  token: { errcode: 42001 },
  platform: { errcode: 89254 },
  spent: { errcode: 91030 },
  unknown: { errcode: 4711 },
  lost: 'lost',
  notSent: 'not_sent',
  refusedOnTheWay: 'page/no',
  portal: 'page/unknown',
} as const;

const SEARCH_ANSWERS = { running: { errcode: 89251 }, unclear: { errcode: 89250 }, lost: 'lost' } as const;

/** What makes a create no attempt. */
const VOID: ReadonlySet<string> = new Set(['create_void', 'platform_refused', 'create_intercepted']);

const PUSHES = {
  created: 'mini_program_created',
  failed: 'registration_refused',
  timedOut: 'legal_person_timed_out',
  unknown: 'push_unknown',
} as const;

/** Lives that are tried at least; with fewer nothing was tested. However slow the machine is, none is left out. */
const FEWEST_LIVES = 8;

describe('whatever happens in whatever order', () => {
  test('no attempt is sent twice, counts are exact, a success stands, an enterprise has one task, a spent Weixin ID rests', async () => {
    const which = fc.nat(5);
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant('work' as const), which }) },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('answer' as const),
          which,
          answer: fc.constantFrom(...(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[]), 'accepted' as const),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('push' as const),
          which,
          push: fc.constantFrom(...(Object.keys(PUSHES) as (keyof typeof PUSHES)[])),
          /** How many attempts back the push is about. */
          back: fc.constantFrom(0, 0, 0, 1),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), which }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('deliverAgain' as const, 'race' as const), which }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('timePasses' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('search' as const),
          which,
          answer: fc.constantFrom(...(Object.keys(SEARCH_ANSWERS) as (keyof typeof SEARCH_ANSWERS)[])),
          /** Whether the time of its task is over. */
          overdue: fc.boolean(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constantFrom('retry' as const, 'cancel' as const, 'withdraw' as const), which }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('upload' as const),
          rows: fc.array(which, { minLength: 1, maxLength: 4 }),
          canaries: fc.constantFrom(0, 0, 1),
        }),
      },
    );

    let lives = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 0, 2),
        fc.constantFrom(fastregisterweapp, fastregisterweapp, fastregisterenterpriseweapp),
        fc.array(step, { minLength: 30, maxLength: 90, size: 'max' }),
        async (canaries, make, steps) => {
          const world = await newWorld(make({} as Client));
          await world.take({ do: 'upload', rows: [0, 1, 2, 3, 4, 5], canaries });
          for (const it of steps) {
            await world.take(it);
            await world.check();
          }
          await world.end();
          lives += 1;
        },
      ),
      { numRuns: runs(40, FEWEST_LIVES) },
    );
    expect(lives).toBeGreaterThanOrEqual(FEWEST_LIVES);
  }, 600_000);
});

type Step =
  | { do: 'work' | 'kill' | 'deliverAgain' | 'race' | 'retry' | 'cancel' | 'withdraw'; which: number }
  | { do: 'answer'; which: number; answer: keyof typeof ANSWERS }
  | { do: 'search'; which: number; answer: keyof typeof SEARCH_ANSWERS; overdue: boolean }
  | { do: 'push'; which: number; push: keyof typeof PUSHES; back: number }
  | { do: 'timePasses' }
  | { do: 'upload'; rows: number[]; canaries: number };

const LIMITS: Limits = {
  perSecond: 1_000_000,
  perMinute: 1_000_000,
  perDay: 1_000_000,
  believeWeChat: false,
  searchShare: 0.1,
  quotaRechecksMs: quotaRechecksMs(DEFAULT_PATIENCE),
  timezone: 'UTC',
  sendingHours: { fromMinute: 0, untilMinute: 1440 },
  // Two merchants are everybody here, so that tries are given back.
  stopAfter: 2,
};

/** A worker that waits for WeChat's answer. */
interface InFlight {
  readonly id: string;
  readonly person: string;
  readonly answer: (reply: Reply) => void;
  readonly done: Promise<void>;
}

async function newWorld(api: RegistrationApi) {
  await server.redis.flushall();
  const book = openBook(server.redis);
  const hand = script(server.redis, 'dispatch');
  /** Our clock: every fact is seconds later than the one before, as WeChat's whole seconds are. */
  let now = Date.now();
  const tick = () => {
    now += 2_000;
    return now;
  };

  // The model: what WeChat was asked, and what it told.
  const sentAt = new Map<string, number[]>();
  const created = new Set<string>();
  /** Weixin IDs and days of which WeChat has said that they are used up, and creates that were sent all the same. */
  const spent = new Set<string>();
  const sentInVain: string[] = [];
  const batches: string[] = [];

  const inFlight: InFlight[] = [];
  /** Jobs that were handed out and are not done; those of dead workers are delivered again. */
  const jobs: { kind: WorkKind; name: string; id: string }[] = [];
  const delivered: typeof jobs = [];
  let searchAnswer: Reply = replyOf('lost');

  function crewCalling(
    onCreate: (merchant: Merchant) => Promise<Reply>,
    patience: Partial<Patience> = {},
  ): WorkerContext {
    return {
      ledger: book.ledger,
      calls: book.calls,
      workload: book.workload,
      api: { ...api, create: onCreate, search: async () => searchAnswer },
      credentials: {
        current: async () => ({ kind: 'token', token: 'token' }),
        refuse: async () => undefined,
        accepted: async () => {},
      },
      patience: { ...DEFAULT_PATIENCE, retryFirstMs: 1, busyWaitMs: DAY_MS, retryLimit: 4, ...patience },
      limits: LIMITS,
      // Asked before a stopped line is tried; a fault there is the line's own matter (line.test.ts).
      readQuota: async () => ({ kind: 'not_reported', errcode: 76021, said: '' }),
      // Nothing holds everybody here but a stopped line, and then this worker leaves.
      wakeups: {
        wait: async () => false,
        subscribe: () => ({ wait: async () => false, cancel() {} }),
        leave() {},
        leaving: false,
      },
      permits: { ask: () => ({ isExpired: () => false }) },
      memory: WHOLE_MEMORY,
      confirm: async () => true,
      quota: { knownUntil: 0 },
      token: {},
      clockAheadMs: () => 0,
      now: tick,
      clock: RIGHT_CLOCK,
      random: () => 0.5,
      newWriteId,
      log: readableLog('silent').log,
    };
  }

  function personToday({ legalPersonaWechat }: Merchant): string {
    return `${legalPersonaWechat} on ${sendingWindow(LIMITS, now).day}`;
  }

  async function handOut(): Promise<void> {
    for (const kind of ['submit', 'follow-up'] as const) {
      const [, , ...names] = (await hand([key('window', kind)], [kind, 1_000, 500, 1, 100])) as [
        number,
        number,
        ...string[],
      ];
      for (const name of names) jobs.push({ kind, name, id: registrationOf(name) });
    }
  }

  /** Runs a job until it is over, or until the worker waits for WeChat. */
  async function work(job: (typeof jobs)[number], patience: Partial<Patience> = {}): Promise<void> {
    delivered.push(job);
    let calling = () => {};
    const called = new Promise<void>((resolve) => {
      calling = resolve;
    });
    const { id } = job;
    const onCreate = (merchant: Merchant) =>
      new Promise<Reply>((answer) => {
        sentAt.set(id, [...(sentAt.get(id) ?? []), now]);
        const person = personToday(merchant);
        if (spent.has(person)) sentInVain.push(person);
        inFlight.push({ id, person, answer, done });
        calling();
      });
    const context = crewCalling(onCreate, patience);
    const done = job.kind === 'submit' ? submit(context, (make) => make(), job, id) : followUp(context, job, id);
    await Promise.race([called, done]);
  }

  async function take(step: Step): Promise<void> {
    switch (step.do) {
      case 'upload': {
        const batch = `b${batches.length}`;
        batches.push(batch);
        await book.load(batch, [...step.rows.map((row) => MERCHANTS[row]), undefined], step.canaries);
        return;
      }
      case 'work': {
        await handOut();
        const [job] = jobs.splice(step.which % Math.max(jobs.length, 1), 1);
        if (job !== undefined) await work(job);
        return;
      }
      case 'race': {
        // One job in the hands of three workers: a lock ran out while an event loop hung.
        await handOut();
        const [job] = jobs.splice(step.which % Math.max(jobs.length, 1), 1);
        if (job !== undefined) await Promise.all([work(job), work(job), work(job)]);
        return;
      }
      case 'deliverAgain': {
        const job = delivered[step.which % Math.max(delivered.length, 1)];
        if (job !== undefined) await work(job);
        return;
      }
      case 'answer': {
        const [call] = inFlight.splice(step.which % Math.max(inFlight.length, 1), 1);
        call?.answer(replyOf(ANSWERS[step.answer], { taskid: `task ${now}`, authorize_url: 'https://example.com' }));
        await call?.done;
        if (call !== undefined && step.answer === 'spent') spent.add(call.person);
        return;
      }
      case 'kill':
        // Whoever dies mid-call hears no answer and reports nothing.
        inFlight.splice(step.which % Math.max(inFlight.length, 1), 1);
        return;
      case 'search': {
        searchAnswer = replyOf(SEARCH_ANSWERS[step.answer]);
        const id = idOf(MERCHANTS[step.which] as Merchant);
        // Without a fact there is nothing to search for, and no hash.
        if ((await server.redis.type(key('registration', id))) !== 'hash') return;
        await server.redis.zrem(key('scheduled', 'follow-up'), id);
        if (step.overdue) await server.redis.hdel(key('registration', id), 'until');
        else await server.redis.hset(key('registration', id), 'until', 1);
        // Our clock is ahead of Redis', which says what is due.
        await work({ kind: 'follow-up', name: `${id}-searched`, id }, step.overdue ? { pushWaitMs: -DAY_MS } : {});
        return;
      }
      case 'push': {
        const id = idOf(MERCHANTS[step.which] as Merchant);
        const call = sentAt.get(id)?.at(-1 - step.back);
        if (call === undefined || (await book.ledger.read(id)) === undefined) return;
        const pushedAt = Math.floor((call + 1_000) / 1_000) * 1_000;
        const more = step.push === 'created' ? { appid: 'wxnew' } : { problem: `push:${step.push}` };
        const { after } = await book.record(id, PUSHES[step.push], { at: tick(), pushedAt, ...more });
        if (after.state === 'created') created.add(id);
        return;
      }
      case 'retry':
      case 'cancel': {
        const id = idOf(MERCHANTS[step.which] as Merchant);
        if ((await book.ledger.read(id)) === undefined) return;
        await book.record(id, step.do === 'retry' ? 'retry_asked' : 'cancel_asked', { at: tick() });
        return;
      }
      case 'withdraw': {
        const id = idOf(MERCHANTS[step.which] as Merchant);
        const [row] = (await book.ledger.read(id))?.registration.waitingRows ?? [];
        if (row !== undefined) await book.record(id, 'cancel_asked', { at: tick(), row });
        return;
      }
      case 'timePasses':
        // What was postponed becomes due, and whoever stopped the line resumes it.
        await book.calls.resumeLine();
        for (const id of await server.redis.zrange(key('scheduled', 'submit'), 0, -1)) {
          await server.redis.zadd(key('scheduled', 'submit'), 1, id);
          if ((await server.redis.hget(key('registration', id), 'until')) !== null) {
            await server.redis.hset(key('registration', id), 'until', 1);
          }
        }
    }
  }

  async function check(): Promise<void> {
    for (const id of new Set(MERCHANTS.map(idOf))) {
      const view = await book.ledger.read(id);
      if (view === undefined) continue;
      const { registration } = view;
      const history = await book.ledger.history(id);

      // One call for each attempt: permission and call are one to one, and only what was void is taken back.
      const permissions = history.filter(({ kind, to }) => kind === 'create_sent' && to === 'submitting').length;
      const voids = history.filter(({ kind, to }) => VOID.has(kind) && to !== undefined).length;
      expect(sentAt.get(id)?.length ?? 0).toBe(permissions);
      expect(registration.attempt).toBe(permissions - voids);

      expect(blindCreatesIn(history)).toEqual([]);

      if (created.has(id)) expect(registration.state).toBe('created');

      // Rows wait only for a task that may be running.
      const mayRun = [registration.task, registration.earlierTask].includes('open');
      const isOpen = ['submitting', 'awaiting_legal_person', 'needs_review'].includes(registration.state);
      if (registration.waitingRows.length > 0) expect([isOpen, mayRun]).toEqual([true, true]);

      // Nothing is forgotten: whoever waits for us is due, ready, handed out, behind another one, or kept behind the first
      // rows of its last sheet.
      const keeping = await whoKeeps(id);
      const isUnsent = registration.state === 'queued' || registration.state === 'deferred';
      if (isUnsent && (await whereItWaits(id)).length === 0) {
        const [own = '', ...others] = [registration.row, ...registration.joinedRows].map(batchOf);
        expect([id, keeping]).toEqual([id, [own]]);
        expect(batches.indexOf(own)).toBeGreaterThan(Math.max(-1, ...others.map((batch) => batches.indexOf(batch))));
        expect(await server.redis.hget(key('batch', own), 'canaries')).not.toBeNull();
      }
      // A job of an earlier attempt, delivered again, may send it meanwhile.
      if (!isUnsent && registration.state !== 'submitting') expect([id, keeping]).toEqual([id, []]);
    }
    // The successor does not say who the legal person is.
    if (api.needs.legalPerson) expect(sentInVain).toEqual([]);
    const keeping = await Promise.all(batches.map((batch) => server.redis.exists(key('held', batch))));
    expect((await server.redis.smembers(key('heldBatches'))).sort()).toEqual(
      batches.filter((_, at) => keeping[at]).sort(),
    );
    await checkRows();
  }

  /** Each row shows one registration in one way, and the registration knows it; counts are those of the rows. */
  async function checkRows(): Promise<void> {
    const [own, waiting] = [new Map<string, string[]>(), new Map<string, string[]>()];
    expect(positive(await server.redis.hgetall(key('states')))).toEqual(await registrationsByState());
    for (const batch of batches) {
      expect(await book.batches.counts(batch)).toEqual(await book.recount(batch));
      for (const { index, relation } of await book.rows(batch)) {
        const of = relation.kind === 'waits' ? waiting : own;
        const isSettled = await server.redis.hexists(key('keptOutcomes', batch), String(index));
        if ((relation.kind !== 'registered' && relation.kind !== 'waits') || isSettled) continue;
        of.set(relation.id, [...(of.get(relation.id) ?? []), `${batch}/${index}`]);
      }
    }
    for (const id of new Set(MERCHANTS.map(idOf))) {
      const { row, joinedRows, waitingRows } = await book.registration(id);
      expect((own.get(id) ?? []).sort()).toEqual([row, ...joinedRows].sort());
      expect((waiting.get(id) ?? []).sort()).toEqual([...waitingRows].sort());
    }
  }

  async function registrationsByState(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const id of new Set(MERCHANTS.map(idOf))) {
      const state = (await book.ledger.read(id))?.registration.state;
      if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  async function whoKeeps(id: string): Promise<string[]> {
    const places = await Promise.all(batches.map((batch) => server.redis.zscore(key('held', batch), id)));
    return batches.filter((_, at) => places[at] !== null);
  }

  async function whereItWaits(id: string): Promise<string[]> {
    const [ready, later, window] = await Promise.all([
      server.redis.lrange(key('ready', 'submit'), 0, -1),
      server.redis.zrange(key('scheduled', 'submit'), 0, -1),
      server.redis.zrange(key('window', 'submit'), 0, -1),
    ]);
    return [
      ...(ready.includes(id) ? ['ready'] : []),
      ...(later.includes(id) ? ['later'] : []),
      ...(window.some((job) => job.startsWith(`${id}-`)) ? ['window'] : []),
    ];
  }

  async function end(): Promise<void> {
    // Calls that nobody answered are those of workers that were killed.
    inFlight.length = 0;
  }

  return { take, check, end };
}

function positive(counts: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).flatMap(([name, count]) => (Number(count) === 0 ? [] : [[name, Number(count)]])),
  );
}

type Met = { readonly errcode: number } | 'lost' | 'not_sent' | `page/${'no' | 'unknown'}`;

function replyOf(answer: Met, more: object = {}): Reply {
  if (typeof answer === 'object')
    return { kind: 'answer', errcode: answer.errcode, said: 'said', body: { ...answer, ...more } };
  if (answer === 'lost' || answer === 'not_sent') return { kind: answer, why: 'the network' };
  return { kind: 'page', taken: answer === 'page/no' ? 'no' : 'unknown', why: 'HTTP 403' };
}

/** What lets a registration be sent once more. */
const REASONS: ReadonlySet<FactKind> = new Set<FactKind>([
  'create_postponed',
  'create_busy',
  'create_void',
  'create_intercepted',
  'try_returned',
  'platform_refused',
  'row_accepted',
  'retry_asked',
  'link_lost',
  'legal_person_timed_out',
]);
const OF_A_PERSON: ReadonlySet<FactKind> = new Set<FactKind>(['row_accepted', 'retry_asked']);

/** Creates for which there was no reason, and attempts that were sent again for a link which somebody may have, or too often. */
function blindCreatesIn(history: readonly HistoryEntry[]): string[] {
  const blind: string[] = [];
  let mayBeSent = true;
  let hasLink = false;
  let resent = 0;
  let isUnsent = true;
  let adopts = false;
  for (const { kind, to, taskId, at, byLink } of history.filter((entry) => entry.to !== undefined)) {
    // The end of a task that it does not wait for any more, or of one that an earlier row had begun, is no lost link.
    const isOfItsLink = !isUnsent && !adopts;
    isUnsent = to === 'queued' || to === 'deferred';
    if (kind === 'create_sent') adopts = false;
    if (kind === 'create_busy' && to === 'awaiting_legal_person') adopts = true;
    if (OF_A_PERSON.has(kind)) resent = 0;
    if (kind === 'create_sent') {
      if (!mayBeSent) blind.push(`sent without a reason at ${at}`);
      [mayBeSent, hasLink] = [false, byLink !== true];
    } else if (isOfItsLink && (kind === 'link_lost' || kind === 'legal_person_timed_out') && to === 'queued') {
      resent += 1;
      mayBeSent = true;
      if (hasLink || resent > 1) blind.push(`sent again for its link at ${at}`);
    } else if ((REASONS.has(kind) || adopts) && isUnsent) {
      mayBeSent = true;
    }
    hasLink ||= taskId !== undefined;
  }
  return blind;
}
