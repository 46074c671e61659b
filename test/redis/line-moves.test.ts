/** Drives the Lua scripts through every state of the line and every event, and compares with the table of domain/line. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { RepeatedError } from '../../src/domain/effects.js';
import {
  isHalfOpen,
  LINE_EVENTS,
  LINE_STATES,
  type LineEvent,
  type LineState,
  nextLine,
  PAUSE,
} from '../../src/domain/line.js';
import type { Probe } from '../../src/domain/line-faults.js';
import { key } from '../../src/redis/keys.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;

const STATES = Object.keys(LINE_STATES) as LineState[];
const EVENTS = Object.keys(LINE_EVENTS) as LineEvent[];

/** How the line gets into each state, by way of a probe without an answer wherever there can be one. */
const LOST_ONCE: readonly LineEvent[] = ['fault', 'resumed', 'probe_sent', 'probe_failed'];
const RETRIED: readonly LineEvent[] = ['passing_fault', 'probe_sent', 'probe_sent', 'probe_failed'];
const PATHS: Readonly<Record<LineState, readonly LineEvent[]>> = {
  running: [],
  paused: ['paused'],
  stopped: LOST_ONCE,
  stopped_paused: [...LOST_ONCE, 'paused'],
  half_open: [...LOST_ONCE, 'resumed'],
  probing: [...LOST_ONCE, 'resumed', 'probe_sent'],
  retrying: RETRIED,
  retrying_paused: [...RETRIED, 'paused'],
  retrying_half_open: [...RETRIED, 'resumed'],
  retrying_probing: [...RETRIED, 'probe_sent'],
};

/** Due at once; a call that takes longer than no time at all has lost its worker. */
const PROBE: Probe = { call: 'create', asksFirst: true, firstMs: 0, maxMs: 0 };
const AT_ONCE = { probeMs: 0 };

const fault = (code: string, most: number, probe: Probe): RepeatedError => ({
  ...{ call: 'search', code, met: 'rid: 1', most, countsCalls: false, probe },
});

/** A registration that was sent before the line stopped, and those that are still to be sent. */
const BYSTANDER = idOf(merchant(0));
const UNSENT = [1, 2, 3, 4, 5, 6].map((number) => idOf(merchant(number)));

interface Progress {
  readonly unsent: string[];
  probe: string;
  lost: string;
  faults: number;
}

let now: Progress;

beforeEach(async () => {
  book = openBook(server.redis);
  await book.load(
    'b1',
    [0, 1, 2, 3, 4, 5, 6].map((number) => merchant(number)),
  );
  await book.take(BYSTANDER);
  now = { unsent: [...UNSENT], probe: BYSTANDER, lost: BYSTANDER, faults: 0 };
});

const HAPPENS: Readonly<Record<LineEvent, () => Promise<unknown>>> = {
  paused: () => book.calls.stopLine({ because: 'lunch', problem: PAUSE, at: 6 }),
  resumed: () => book.calls.resumeLine(),
  async resumed_idle() {
    await server.redis.del(key('ready', 'submit'));
    await book.calls.resumeLine();
  },
  fault: () => book.calls.stopLine({ because: 'IP', problem: `create:${++now.faults}`, at: 5 }),
  passing_fault: () =>
    book.record(BYSTANDER, 'search_void', {}, { repeatedError: fault(`call:${++now.faults}`, 1, PROBE) }),
  async probe_sent() {
    const id = now.unsent.shift() ?? '';
    let permit = await book.take(id, AT_ONCE);
    if (permit.kind === 'wait' && permit.why === 'question') {
      await book.calls.answeredFirst(true, '');
      permit = await book.take(id, AT_ONCE);
    }
    if (permit.kind !== 'go') return;
    if (now.probe !== BYSTANDER) now.lost = now.probe;
    now.probe = id;
  },
  probe_answered: () => book.record(now.probe, 'create_accepted', {}, { verdict: 'accepted' }),
  probe_void: () => book.record(now.probe, 'create_void', {}, { verdict: 'again' }),
  async probe_failed() {
    await book.record(now.probe, 'answer_lost', {}, { verdict: 'failed' });
    if (now.lost === BYSTANDER) now.lost = now.probe;
    now.probe = BYSTANDER;
  },
  probe_blocked: () =>
    book.record(
      now.probe,
      'answer_lost',
      {},
      { verdict: 'failed', repeatedError: fault('call:page', 20, { ...PROBE, call: 'any' }) },
    ),
  earlier_probe_accepted: () => book.record(now.lost, 'task_running'),
  async question_failed() {
    // As if another worker had asked it just now.
    if ((await server.redis.hexists(key('line'), 'question')) === 1) {
      await server.redis.hset(key('line'), 'question', Date.now());
    }
    await book.calls.answeredFirst(false, 'HTTP 502');
  },
};

async function state(): Promise<LineState> {
  return ((await server.redis.hget(key('line'), 'state')) ?? 'running') as LineState;
}

/** Every step on the way is compared, too. */
async function bring(wanted: LineState): Promise<void> {
  let is: LineState = 'running';
  for (const event of PATHS[wanted]) {
    await HAPPENS[event]();
    is = nextLine(is, event) ?? is;
    expect([event, await state()]).toEqual([event, is]);
  }
  expect(is).toBe(wanted);
}

describe.each(STATES)('a line that is %s', (from) => {
  test.each(EVENTS)('is after %s what the table says', async (event) => {
    await bring(from);
    await HAPPENS[event]();
    expect(await state()).toBe(nextLine(from, event) ?? from);
  });

  test('lets those calls through that the table says', async () => {
    await bring(from);
    const hasTurn = from === 'running' || 'probe' in LINE_STATES[from];
    const search = await book.take(BYSTANDER, AT_ONCE, 'search_sent');
    expect(search.kind).toBe(from === 'running' || isHalfOpen(from) ? 'go' : 'wait');
    await server.redis.hdel(key('line'), 'question');
    const create = await book.take(now.unsent[0] ?? '', AT_ONCE);
    expect(create.kind).toBe(hasTurn ? 'go' : 'wait');
  });

  test('has nothing left of a probe, or of a pause, that it is not in', async () => {
    await bring(from);
    const fields = await server.redis.hkeys(key('line'));
    expect(fields.includes('probe')).toBe(from === 'probing' || from === 'retrying_probing');
    expect(fields.includes('probeDeadline')).toBe(fields.includes('probe'));
    expect(fields.includes('probeKind')).toBe(fields.includes('probe'));
    expect(fields.includes('paused')).toBe(from === 'stopped_paused' || from === 'retrying_paused');
    expect(fields.includes('probeCall')).toBe(from.startsWith('retrying'));
  });
});

describe('a line that stops anew', () => {
  test.each([{ events: ['fault'] }, { events: ['passing_fault'] }, { events: ['paused', 'resumed'] }] as const)(
    'by $events is not opened by the probe from before',
    async ({ events }) => {
      await bring('half_open');
      for (const event of events) await HAPPENS[event]();
      const is = await state();
      await HAPPENS.earlier_probe_accepted();
      expect(await state()).toBe(is);
    },
  );

  test('for what its probe met on the way goes on counting the probes that failed', async () => {
    await bring('retrying_probing');
    const failed = Number(await server.redis.hget(key('line'), 'failedProbes'));
    await HAPPENS.probe_blocked();
    expect(failed).toBeGreaterThan(0);
    expect((await book.calls.line())?.probe?.failed).toBe(failed + 1);
  });
});
