/** What a push is about, and what it says, before anything is recorded. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { afterWorkingDays } from '../../src/domain/calendar.js';
import type { PushOutcome, StoredPush } from '../../src/domain/push.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import {
  factAbout,
  factOf,
  type Judge,
  match,
  openStored,
  type Recorder,
  startRecording,
} from '../../src/events/record.js';
import type { PushReader } from '../../src/redis/pushes/pushes.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import { type Push, type RegistrationPush, readPush } from '../../src/wechat/push.js';
import { HOUR_MS, identify, idOf } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { CREDENTIAL, otherXml, PLATFORM, registrationXml, seal, type Told } from '../support/pushes.js';
import { recorderOn } from '../support/receiver.js';
import { until } from '../support/until.js';

const AT = Date.parse('2026-11-21T10:00:00Z');

function read(xml: string): Push {
  const push = readPush(xml);
  if (push.kind === 'unreadable') throw new Error(push.detail);
  return push;
}

function registration(told: Told, about = true): RegistrationPush {
  const push = read(registrationXml(about ? merchant(1) : undefined, { createdAt: AT, ...told }));
  if (push.kind !== 'registration') throw new Error(push.kind);
  return push;
}

const view = (id: string, registrationFields = {}) =>
  ({ registration: { id, earlierTask: 'none', ...registrationFields } }) as unknown as Snapshot;

/** A ledger that has the registrations `known`, by their tasks and Mini Programs, too. */
function judge({
  known = [] as string[],
  tasks = {},
  appids = {},
}: {
  known?: string[];
  tasks?: Record<string, string>;
  appids?: Record<string, string>;
}): Judge {
  return {
    credentials: [CREDENTIAL],
    componentAppid: PLATFORM,
    ledger: {
      read: async (id) => (known.includes(id) ? view(id) : undefined),
      ofTask: async (task) => tasks[task],
      ofAppid: async (appid) => appids[appid],
    },
    matchOf: fastregisterweapp({} as never).matchOf,
    identify,
  };
}

describe('a push is about', () => {
  const id = idOf(merchant(1));

  test('the merchant that it names', async () => {
    const push = registration({ status: '0', appid: 'wxnew' });
    expect(await match(judge({ known: [id] }), push)).toEqual({ kind: 'fact', view: view(id), push });
  });

  test('the task that it names, before the merchant', async () => {
    const push = registration({ status: '0', taskId: 't1' });
    const both = judge({ known: [id, 'of the task'], tasks: { t1: 'of the task' } });
    expect(await match(both, push)).toMatchObject({ kind: 'fact', view: { registration: { id: 'of the task' } } });
    // A registration of which only the task is known was purged.
    const purged = judge({ known: [id], tasks: { t1: 'of the task' } });
    expect(await match(purged, push)).toMatchObject({ kind: 'fact', view: { registration: { id } } });
  });

  test('the registration that has its Mini Program, but only where it names no merchant', async () => {
    const appids = { wxnew: 'has it' };
    const told = { status: '0', appid: 'wxnew' };
    const nameless = registration(told, false);
    const knows = judge({ known: ['has it'], appids });
    expect(await match(knows, nameless)).toMatchObject({ kind: 'fact', view: { registration: { id: 'has it' } } });
    expect(await match(knows, registration(told))).toEqual({ kind: 'park', why: 'unknown_merchant', awaits: [id] });
  });

  test('nobody who is known, and then waits for whoever it names', async () => {
    const nobody = judge({});
    const awaits = async (push: RegistrationPush) => match(nobody, push);
    const task = registration({ status: '0', taskId: 't1' });
    expect(await awaits(task)).toEqual({ kind: 'park', why: 'unknown_merchant', awaits: [id, 'task:t1'] });
    const nameless = registration({ status: '0', appid: 'wxnew' }, false);
    expect(await awaits(nameless)).toEqual({ kind: 'park', why: 'no_info', awaits: ['appid:wxnew'] });
    const nothing = registration({ status: '101' }, false);
    expect(await awaits(nothing)).toEqual({ kind: 'park', why: 'no_info', awaits: [] });
  });

  test('an authorisation, or nothing of ours', async () => {
    const authorized = read(otherXml('authorized'));
    expect(await match(judge({}), authorized)).toEqual({ kind: 'authorization', push: authorized });
    expect(await match(judge({}), read(otherXml('notify_new')))).toEqual({ kind: 'not_ours' });
  });

  test('what nobody can read, and is kept then', async () => {
    const stored: StoredPush = { id: '1-1', entry: '1-1', receivedAt: AT, infoType: 'x', ...seal('no XML') };
    const unread = openStored(judge({}), stored);
    expect(unread).toEqual({ kind: 'unreadable', detail: expect.stringContaining('it is not XML') });
    expect(await match(judge({}), unread)).toEqual({ kind: 'park', why: 'unreadable', awaits: [] });
    const foreign = { ...stored, ...seal('<xml/>', CREDENTIAL, 'wxother') };
    expect(openStored(judge({}), foreign)).toMatchObject({ detail: expect.stringContaining('another platform') });
  });
});

describe('what a push says', () => {
  const seals = (code: string, appid: string) => `${code} of ${appid}`;
  const said = (push: RegistrationPush) => factOf(push, AT + 5_000, seals);
  const base = { at: AT + 5_000, pushedAt: AT, said: 'OK' };

  test('of a Mini Program that was created', () => {
    expect(said(registration({ status: '0', appid: 'wxnew', authCode: 'code', taskId: 't1' }))).toEqual({
      ...base,
      kind: 'mini_program_created',
      appid: 'wxnew',
      authCode: 'code of wxnew',
      aboutTask: 't1',
    });
    expect(said(registration({ status: '0', appid: 'wxnew' }))).toEqual({
      ...base,
      kind: 'mini_program_created',
      appid: 'wxnew',
      problem: 'push:no_auth_code',
    });
    expect(said(registration({ status: '0', authCode: 'code' }))).toEqual({
      ...base,
      kind: 'push_unknown',
      problem: 'push:no_appid',
    });
  });

  test('of a refusal, and until when it has to wait', () => {
    expect(said(registration({ status: '103' }))).toEqual({
      ...base,
      kind: 'registration_refused',
      problem: 'push:103',
    });
    expect(said(registration({ status: '105' }))).toMatchObject({ until: afterWorkingDays(AT + 5_000, 15) });
  });

  test('where it has no status, no words or no time', () => {
    const push = { ...registration({}), msg: undefined, createdAt: undefined };
    expect(said(push)).toEqual({ at: AT + 5_000, kind: 'push_unknown', problem: 'push:no_status' });
  });

  test('is about a row of its own only where an earlier task of the enterprise may be meant', async () => {
    const push = registration({ status: '103' });
    const finder = {
      ledger: { history: async () => [] },
      rowAt: async () => undefined,
    };
    const row = { merchant: merchant(1) };
    const sent = { ...view('a', { row: 'b1/0' }), row } as unknown as Snapshot;
    expect(await factAbout(finder, sent, push, AT, seals)).not.toHaveProperty('aboutRow');
    const second = { ...view('a', { row: 'b1/0', earlierTask: 'ended' }), row } as unknown as Snapshot;
    expect(await factAbout(finder, second, push, AT, seals)).toMatchObject({ problem: 'push:103', aboutRow: 'b1/0' });
    const other = { ...second, row: { merchant: merchant(2) } } as unknown as Snapshot;
    expect(await factAbout(finder, other, push, AT, seals)).not.toHaveProperty('aboutRow');
  });
});

describe('recording', () => {
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
    const reader: PushReader = {
      next: () =>
        new Promise((resolve) => {
          const batch = batches.shift();
          if (batch !== undefined) resolve(batch);
          else waiting.push(() => resolve([]));
        }),
      close: () => goOn(waiting),
    } as PushReader;
    const { log, lines } = readableLog();
    const recorder: Recorder = {
      ...recorderOn({ defineCommand() {} } as never, log),
      ...judge({}),
      ledger: judge({}).ledger as Recorder['ledger'],
      pushes: {
        done: async (outcomes) => void done.push(outcomes.map(([push, outcome]) => [push.id, outcome])),
        park: async () => true,
        trimBefore: async (at: number) => void tidied.push(['trimmed', at]),
        forgetReaders: async (idleMs: number) => {
          tidied.push(['forgotten', idleMs]);
          return 0;
        },
      } as Recorder['pushes'],
      now: () => clock.now,
      log,
      ...changes,
    };
    const recording = startRecording(recorder, reader, doorIsBusy);
    onTestFinished(() => recording.stop());
    return { done, clock, tidied, waiting, lines, recording, turn: () => goOn(waiting) };
  }

  test('says of each push of a batch what became of it', async () => {
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

  test('forgets what is older than thirty days, and dead readers, once an hour', async () => {
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

  test('leaves the time to the door while that is busy', async () => {
    let asked = 0;
    const busyOnce = () => {
      asked += 1;
      return asked === 1;
    };
    const slow: Recorder['pushes']['park'] = async () => {
      const begun = performance.now();
      while (performance.now() - begun < 20);
      return true;
    };
    const pushes = { done: async () => {}, park: slow, trimBefore: async () => {}, forgetReaders: async () => 0 };
    const begun = performance.now();
    const { waiting } = record([[stored('no XML')]], { pushes: pushes as unknown as Recorder['pushes'] }, busyOnce);
    await until('it waits for more', () => waiting.length === 1);
    // Sixteen times what it took itself.
    expect(performance.now() - begun).toBeGreaterThan(300);
  });

  test('has those about one merchant one after the other, in their order, and others meanwhile', async () => {
    const begun: string[] = [];
    const going: (() => void)[] = [];
    const ledger = {
      ...judge({}).ledger,
      read: async (id: string) => {
        begun.push(id);
        await new Promise<void>((resolve) => going.push(resolve));
        return undefined;
      },
    } as Recorder['ledger'];
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

  test('has those about one Mini Program one after the other, too', async () => {
    const asked: string[] = [];
    const going: (() => void)[] = [];
    const ledger = {
      ...judge({}).ledger,
      ofAppid: async (appid: string) => {
        asked.push(appid);
        await new Promise<void>((resolve) => going.push(resolve));
        return undefined;
      },
    } as Recorder['ledger'];
    const created = stored(registrationXml(undefined, { status: '101', appid: 'wxnew' }));
    const withdrawn = stored(otherXml('unauthorized', '<AuthorizerAppid>wxnew</AuthorizerAppid>'));
    const withdraw = async () => {
      asked.push('withdrawn');
      return 'nobody';
    };
    const codes = { withdraw } as unknown as Recorder['codes'];
    const { done } = record([[created, withdrawn]], { ledger, codes });
    await until('the first has begun', () => asked.length === 1);
    expect(asked).toEqual(['wxnew']);
    goOn(going);
    await until('it is recorded', () => done.length > 0);
    expect(asked).toEqual(['wxnew', 'withdrawn']);
  });

  test('that is stopped while Redis is away ends without a word', async () => {
    let fails = (_: Error) => {};
    const reader = {
      next: () => new Promise<StoredPush[]>((_, reject) => (fails = reject)),
      close: () => fails(new Error('Connection is closed.')),
    } as unknown as PushReader;
    const { log, lines } = readableLog();
    const recording = startRecording({ log, now: () => AT } as Recorder, reader, () => false);
    await recording.stop();
    expect(lines).toEqual([]);
  });
});
