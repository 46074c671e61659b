/** How pushes are recorded, one after the other or side by side, over a ledger that is played. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PushOutcome, StoredPush } from '../../src/domain/push.js';
import type { Registration } from '../../src/domain/registration.js';
import { type Recorder, startRecording } from '../../src/events/record.js';
import type { PushReader } from '../../src/redis/pushes/pushes.js';
import { HOUR_MS, idOf } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { matching } from '../support/match-context.js';
import { merchant } from '../support/merchants.js';
import { playedCodes, playedLedger, playedPushes, playedRecorder, recordedAs } from '../support/played-recorder.js';
import { otherXml, type PushedResult, registrationXml, seal } from '../support/pushes.js';
import { until } from '../support/until.js';

const AT = Date.parse('2026-11-21T10:00:00Z');

const goOn = (waiting: (() => void)[]) => {
  for (const go of waiting.splice(0)) go();
};
let entry = 0;
const stored = (xml: string): StoredPush => {
  entry += 1;
  return { id: `${entry}-1`, entry: `${entry}-1`, receivedAt: AT, infoType: 'x', ...seal(xml) };
};

/** Records these batches, then waits; what was done with them, and what was tidied away. */
function record(batches: StoredPush[][], changes: Partial<Recorder> = {}, doorIsBusy = () => false) {
  const done: [string, PushOutcome][][] = [];
  const clock = { now: AT };
  const tidied: unknown[] = [];
  const waiting: (() => void)[] = [];
  const asked: (number | undefined)[] = [];
  const next: PushReader['next'] = (_, most) =>
    new Promise((resolve) => {
      asked.push(most);
      const batch = batches.shift();
      if (batch !== undefined) resolve(batch);
      else waiting.push(() => resolve([]));
    });
  const reader: PushReader = { next, close: () => goOn(waiting) };
  const { log, lines } = readableLog();
  const pushes = playedPushes({
    async done(outcomes) {
      done.push(outcomes.map(([push, outcome]) => [push.id, outcome]));
      return true;
    },
    trimBefore: async (at) => void tidied.push(['trimmed', at]),
    async forgetReaders(idleMs) {
      tidied.push(['forgotten', idleMs]);
      return 0;
    },
  });
  const recorder = playedRecorder(log, { pushes, now: () => clock.now, ...changes });
  const recording = startRecording(recorder, reader, doorIsBusy);
  onTestFinished(() => recording.stop());
  return { done, asked, clock, tidied, waiting, lines, recording, turn: () => goOn(waiting) };
}

test('recording says of each push of a batch what became of it', async () => {
  const batch = [
    stored(otherXml('notify_new')),
    stored('no XML'),
    stored(registrationXml(merchant(1), { status: '0' })),
  ];
  const { done } = record([batch]);
  await until('it is recorded', () => done.length > 0);
  expect(done[0]?.map(([, outcome]) => outcome)).toEqual(['not_ours', 'parked', 'parked']);
  expect(done[0]?.map(([id]) => id)).toEqual(batch.map(({ id }) => id));
});

test('recording forgets what is older than thirty days, and dead readers, once an hour', async () => {
  const { tidied, clock, waiting, turn } = record([]);
  const next = async () => {
    await until('it waits', () => waiting.length === 1);
    turn();
    await until('it waits again', () => waiting.length === 1);
  };
  await next();
  const once = (now: number) => [
    ['trimmed', now - 30 * 24 * HOUR_MS],
    ['forgotten', HOUR_MS],
  ];
  expect(tidied).toEqual(once(AT));
  clock.now += HOUR_MS;
  await next();
  expect(tidied).toEqual(once(AT));
  clock.now += 1;
  await next();
  expect(tidied).toEqual([...once(AT), ...once(clock.now)]);
});

test('recording leaves the time to the receiver while that is busy', async () => {
  let asked = 0;
  const busyOnce = () => {
    asked += 1;
    // Before it takes pushes, and after it has recorded them.
    return asked <= 2;
  };
  const slow: Recorder['pushes']['park'] = async () => {
    const begun = performance.now();
    while (performance.now() - begun < 20);
    return true;
  };
  const begun = performance.now();
  const tools = { pushes: playedPushes({ park: slow }) };
  const { waiting, asked: wanted } = record([[stored('no XML')]], tools, busyOnce);
  await until('it waits for more', () => waiting.length === 1);
  expect(wanted).toEqual([16, undefined]);
  // Sixteen times what it took itself.
  expect(performance.now() - begun).toBeGreaterThan(300);
});

test('recording has those about one merchant one after the other, in their order, and others meanwhile', async () => {
  const begun: string[] = [];
  const going: (() => void)[] = [];
  const ledger = playedLedger({
    async read(id) {
      begun.push(id);
      await new Promise<void>((resolve) => going.push(resolve));
      return undefined;
    },
  });
  const about = (number: number) => stored(registrationXml(merchant(number), { status: '101' }));
  const { done } = record([[about(1), about(1), about(2)]], { ledger });
  await until('two have begun', () => begun.length === 2);
  expect(begun).toEqual([idOf(merchant(1)), idOf(merchant(2))]);
  goOn(going);
  await until('the third has begun', () => begun.length === 3);
  expect(begun[2]).toBe(idOf(merchant(1)));
  goOn(going);
  await until('it is recorded', () => done.length > 0);
});

test('recording has those about one Mini Program one after the other, too', async () => {
  const asked: string[] = [];
  const going: (() => void)[] = [];
  const ledger = playedLedger({
    async ofAppid(appid) {
      asked.push(appid);
      await new Promise<void>((resolve) => going.push(resolve));
      return undefined;
    },
  });
  const created = stored(registrationXml(undefined, { status: '101', appid: 'wxnew' }));
  const withdrawn = stored(otherXml('unauthorized', '<AuthorizerAppid>wxnew</AuthorizerAppid>'));
  const codes = playedCodes({
    async withdraw() {
      asked.push('withdrawn');
      return 'nobody';
    },
  });
  const { done } = record([[created, withdrawn]], { ledger, codes });
  await until('the first has begun', () => asked.length === 1);
  expect(asked).toEqual(['wxnew']);
  goOn(going);
  await until('it is recorded', () => done.length > 0);
  expect(asked).toEqual(['wxnew', 'withdrawn']);
});

test('recording that is stopped while Redis is away ends without a word', async () => {
  let fails = (_: Error) => {};
  const reader: PushReader = {
    next: () => new Promise<StoredPush[]>((_, reject) => (fails = reject)),
    close: () => fails(new Error('Connection is closed.')),
  };
  const { log, lines } = readableLog();
  const recording = startRecording(playedRecorder(log, {}), reader, () => false);
  await recording.stop();
  expect(lines).toEqual([]);
});

test('recording that is stopped ends with the batch that it has, and reads no other one', async () => {
  const going: (() => void)[] = [];
  const ledger = playedLedger({
    read: () => new Promise<undefined>((resolve) => going.push(() => resolve(undefined))),
  });
  const batches = [[stored(registrationXml(merchant(1), { status: '101' }))], [stored('no XML')]];
  const { done, recording } = record(batches, { ledger });
  await until('the first has begun', () => going.length === 1);
  const stopped = recording.stop();
  goOn(going);
  await stopped;
  expect([done.length, batches.length]).toEqual([1, 1]);
});

test('recording says that Redis is away, and goes on a second later', async () => {
  let reads = 0;
  const reader: PushReader = {
    async next() {
      reads += 1;
      if (reads === 1) throw new Error('Connection is closed.');
      return new Promise<StoredPush[]>((resolve) => setImmediate(resolve, []));
    },
    close() {},
  };
  const { log, lines } = readableLog();
  const begun = performance.now();
  const recording = startRecording(playedRecorder(log, {}), reader, () => false);
  onTestFinished(() => recording.stop());
  await until('it reads again', () => reads > 1);
  expect(performance.now() - begun).toBeGreaterThan(900);
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(['error']);
});

describe('of a push that is recorded', () => {
  const id = idOf(merchant(1));
  type Offer = Parameters<Recorder['codes']['offer']>;

  /** What came of it where the ledger has moved, or not; the codes that were offered, and the notices. */
  async function recorded(
    result: PushedResult,
    { moved = true, named = true, after = {} as Partial<Registration>, tells = true } = {},
  ) {
    const offers: Offer[] = [];
    const notices: unknown[] = [];
    const { state = 'rejected' } = after;
    const ledger = playedLedger({
      ...matching({ known: [id], appids: { wxknown: id } }).ledger,
      record: async () => recordedAs(state, { id, ...after }, moved),
    });
    const codes = playedCodes({
      async offer(...offer) {
        offers.push(offer);
        return 'repeated';
      },
    });
    const notifyCreated = async (created: unknown) => void notices.push(created);
    const push = stored(registrationXml(named ? merchant(1) : undefined, { createdAt: AT, ...result }));
    const { done } = record([[push]], { ledger, codes, ...(tells && { notifyCreated }) });
    await until('it is recorded', () => done.length > 0);
    return { outcome: done[0]?.[0]?.[1], offers, notices };
  }

  const SUCCESS = { status: '0', appid: 'wxnew', authCode: 'code' };

  test('it is said whether it changed anything', async () => {
    expect((await recorded({ status: '103' })).outcome).toBe('recorded');
    expect((await recorded({ status: '103' }, { moved: false })).outcome).toBe('changed_nothing');
  });

  test('a further code is offered where the success is known already, and only then', async () => {
    expect((await recorded(SUCCESS)).offers).toEqual([]);
    expect((await recorded({ status: '0', appid: 'wxnew' }, { moved: false })).offers).toEqual([]);
    expect((await recorded({ status: '103' }, { moved: false })).offers).toEqual([]);
    const { offers } = await recorded(SUCCESS, { moved: false });
    expect(offers).toMatchObject([
      ['wxnew', { at: AT, diesAt: AT + 600_000, pushedAt: AT, from: 'authorized', isShared: false }],
    ]);
  });

  test('a notice is sent if a Mini Program is there and no code has to be exchanged', async () => {
    const created = { state: 'created', appid: 'wxnew' } as const;
    const notice = { registration: id, appid: 'wxnew', at: AT, authorization: 'none' };
    expect((await recorded(SUCCESS, { after: created })).notices).toEqual([notice]);
    expect((await recorded(SUCCESS, { after: { ...created, authorizer: 'due' } })).notices).toEqual([]);
    expect((await recorded(SUCCESS, { after: { state: 'created' } })).notices).toEqual([]);
    expect((await recorded({ status: '103' }, { after: { appid: 'wxold' } })).notices).toEqual([]);
    expect((await recorded(SUCCESS, { after: created, tells: false })).outcome).toBe('recorded');
  });

  test('the code of a Mini Program without a known registration waits, unless a merchant is named', async () => {
    const nobody = async (named: boolean) => {
      const offers: unknown[] = [];
      const codes = playedCodes({
        async offer(appid) {
          offers.push(appid);
          return 'waits';
        },
      });
      const push = stored(registrationXml(named ? merchant(1) : undefined, SUCCESS));
      const { done } = record([[push, stored('no XML')]], { codes });
      await until('it is recorded', () => done.length > 0);
      return [offers, done[0]?.map(([, outcome]) => outcome)];
    };
    expect(await nobody(false)).toEqual([['wxnew'], ['parked', 'parked']]);
    expect(await nobody(true)).toEqual([[], ['parked', 'parked']]);
  });
});

test('a push whose merchant comes while it is being parked is recorded after all', async () => {
  const id = idOf(merchant(1));
  const known: string[] = [];
  const parked: unknown[] = [];
  const ledger = playedLedger({ ...matching({ known }).ledger, record: async () => recordedAs('rejected', { id }) });
  const pushes = playedPushes({
    async park(_, ...why) {
      parked.push(why);
      known.push(id);
      return false;
    },
  });
  const { done } = record([[stored(registrationXml(merchant(1), { status: '103' }))]], { ledger, pushes });
  await until('it is recorded', () => pushes.outcomes.length > 0);
  expect(parked).toEqual([['unknown_merchant', [id]]]);
  expect(pushes.outcomes).toEqual(['recorded']);
  expect(done).toEqual([]);
});

test('a push that our own program fails on is parked, and waits for no registration', async () => {
  const parked: unknown[] = [];
  const ledger = playedLedger({ read: () => Promise.reject(new TypeError('no function')) });
  const pushes = playedPushes({
    async park(_, ...why) {
      parked.push(why);
      return true;
    },
  });
  record([[stored(registrationXml(merchant(1), { status: '103' }))]], { ledger, pushes });
  await until('it is recorded', () => pushes.outcomes.length > 0);
  expect([parked, pushes.outcomes]).toEqual([[['fault', []]], ['parked']]);
});

test('an authorisation is recorded as such', async () => {
  const withdrawn: unknown[] = [];
  const codes = playedCodes({
    async withdraw(appid) {
      withdrawn.push(appid);
      return 'old';
    },
  });
  const push = stored(otherXml('unauthorized', '<AuthorizerAppid>wxnew</AuthorizerAppid>'));
  const { done } = record([[push]], { codes });
  await until('it is recorded', () => done.length > 0);
  expect([withdrawn, done[0]?.[0]?.[1]]).toEqual([['wxnew'], 'changed_nothing']);
});
