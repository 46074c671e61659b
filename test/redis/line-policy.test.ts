/** Tries every call and every answer of a probe in the Lua scripts, and compares with the tables of domain/line. */
import { beforeEach, expect, test } from 'vitest';
import type { Effects, RepeatedError } from '../../src/domain/effects.js';
import {
  LINE_STATES,
  type LineEvent,
  type LineState,
  type LineStateRow,
  type LineVerdict,
  nextLine,
  PROBE_ANSWERS,
  PROBE_CALLS,
  type ProbeAnswer,
  type ProbeCall,
  VERDICTS_WITHOUT_ANSWER,
} from '../../src/domain/line.js';
import type { FactKind } from '../../src/domain/registration.js';
import { key } from '../../src/redis/keys.js';
import { type Book, HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;

const MERCHANTS = Array.from({ length: 120 }, (_, number) => merchant(number));
const IDS = MERCHANTS.map(idOf);
const SENT = IDS[0] as string;
const PROBES: readonly (ProbeCall | undefined)[] = [undefined, 'create', 'any'];
const STOPPED = (Object.keys(LINE_STATES) as LineState[]).filter((state) => state !== 'running');

beforeEach(async () => {
  book = openBook(server.redis);
  await book.load('b1', MERCHANTS);
  await book.take(SENT);
});

/** As the line is when it was stopped for `create:1`. */
async function lineIs(state: LineState, probe: ProbeCall | undefined, more: Record<string, string | number>) {
  await server.redis.del(key('line'));
  const own =
    probe === undefined ? {} : { probeCall: probe, firstMs: 1_000, maxMs: HOUR_MS, failedProbes: 3, dueAt: 1 };
  await server.redis.hset(key('line'), { state, problem: 'create:1', because: 'rid: 1', at: 1, ...own, ...more });
}

test.each(STOPPED)('a line that is %s lets those calls through that the table says', async (state) => {
  const row: LineStateRow = LINE_STATES[state];
  let unsent = 1;
  for (const probe of PROBES) {
    for (const isDue of [true, false]) {
      for (const closedMs of [0, HOUR_MS]) {
        for (const call of ['create', 'search'] as const) {
          const due = isDue ? 1 : Date.now() + 10_000;
          await lineIs(state, probe, { dueAt: due, maxMs: HOUR_MS, probe: 'another', probeDeadline: due });
          const id = call === 'create' ? (IDS[unsent++] as string) : SENT;
          const permit = await book.take(id, { closedMs }, call === 'create' ? 'create_sent' : 'search_sent');

          const mayProbe = row.probe === 'wanted' || (row.probe !== undefined && isDue);
          const passes = PROBE_CALLS[probe ?? 'create'][call]
            ? mayProbe
            : row.searches === 'pass' || (row.searches === 'stand_in' && mayProbe && closedMs > 0);
          const isHeld = permit.kind === 'wait' && permit.why === 'line';
          expect({ probe, isDue, closedMs, call, passes: !isHeld }).toEqual({ probe, isDue, closedMs, call, passes });
        }
      }
    }
  }
});

const OTHER: RepeatedError = { call: 'create', code: 'create:2', met: 'rid: 2', most: 1_000, countsCalls: false };
const triedBy = (call: ProbeCall) => ({ probe: { call, asksFirst: false, firstMs: 1_000, maxMs: HOUR_MS } });

/** By what PROBE_ANSWERS calls it; `person`: another fault, which only a person ends. */
const FAULTS = {
  none: {},
  same: { repeatedError: { ...OTHER, code: 'create:1' } },
  person: { repeatedError: OTHER },
  create: { repeatedError: { ...OTHER, ...triedBy('create') } },
  any: { repeatedError: { ...OTHER, ...triedBy('any') } },
} as const satisfies Record<string, Effects>;

function eventOf(verdict: LineVerdict | undefined, probe: ProbeCall | undefined, met: string): LineEvent | undefined {
  const fits = (rule: ProbeAnswer) =>
    rule.verdict === verdict && (rule.probe ?? probe) === probe && (rule.met ?? met) === met;
  return PROBE_ANSWERS.find(fits)?.event;
}

async function compare(from: LineState, probe: ProbeCall | undefined, event: LineEvent | undefined, name: string) {
  const line = await server.redis.hgetall(key('line'));
  const state = (event && nextLine(from, event)) ?? from;
  expect([name, line.state ?? 'running']).toEqual([name, state]);
  if (state === 'running') return;
  expect([name, line.problem]).toEqual([name, event === 'probe_blocked' ? 'create:2' : 'create:1']);
  if (state !== 'retrying') return;
  const failedBefore = probe === undefined ? 0 : 3;
  expect([name, Number(line.failedProbes)]).toEqual([name, failedBefore + (event === 'probe_void' ? 0 : 1)]);
}

const PROBING = [
  { from: 'probing', probe: undefined },
  { from: 'retrying_probing', probe: 'create' },
  { from: 'retrying_probing', probe: 'any' },
] as const;

test.each(PROBING)(
  'the answer to a probe of a line that is $from, tried by $probe, is what the table says',
  async ({ from, probe }) => {
    for (const [met, fault] of Object.entries(FAULTS)) {
      for (const verdict of ['accepted', 'refused', 'taken', 'again', 'unsent', 'failed'] as const) {
        await lineIs(from, probe, { probe: SENT });
        await book.record(SENT, 'answer_lost', {}, { verdict, ...fault });
        await compare(from, probe, eventOf(verdict, probe, met), `${verdict}, ${met}`);
      }
      for (const searchVerdict of ['taken', 'again', 'unsent', 'failed'] as const) {
        await lineIs(from, probe, { probe: SENT });
        await book.record(SENT, 'answer_lost', {}, { searchVerdict, ...fault });
        const verdict = PROBE_CALLS[probe ?? 'create'].search ? searchVerdict : undefined;
        await compare(from, probe, eventOf(verdict, probe, met), `search: ${searchVerdict}, ${met}`);
      }
    }
  },
);

test.each(PROBING)(
  'the state of a create counts where the probe of a line that is $from, tried by $probe, has no answer',
  async ({ from, probe }) => {
    const facts: readonly (readonly [FactKind, LineVerdict | undefined])[] = [
      ['create_accepted', VERDICTS_WITHOUT_ANSWER.accepted],
      ['create_refused', VERDICTS_WITHOUT_ANSWER.refused],
      ['answer_lost', undefined],
      ['create_void', undefined],
    ];
    let unsent = 1;
    for (const probeKind of ['create', 'search'] as const) {
      for (const [kind, verdict] of facts) {
        const id = IDS[unsent++] as string;
        await server.redis.del(key('line'));
        await book.take(id);
        await lineIs(from, probe, { probe: id, probeKind });
        await book.record(id, kind);
        const known = probeKind === 'create' ? verdict : undefined;
        await compare(from, probe, eventOf(known, probe, 'none'), `${probeKind}, ${kind}`);
      }
    }
  },
);

test('a probe that failed is remembered unless it waits to be sent again', async () => {
  const facts = [
    ['answer_lost', {}, true],
    ['create_void', {}, false],
    ['create_void', { until: Date.now() + HOUR_MS }, false],
  ] as const;
  for (const [at, [kind, more, isRemembered]] of facts.entries()) {
    const id = IDS[at + 1] as string;
    await server.redis.del(key('line'));
    await book.take(id);
    await lineIs('probing', undefined, { probe: id });
    await book.record(id, kind, more, { verdict: 'failed' });
    const earlier = await server.redis.hget(key('line'), 'earlierProbe');
    expect([kind, more, earlier]).toEqual([kind, more, isRemembered ? id : null]);
  }
});
