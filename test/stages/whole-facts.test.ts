/** What is recorded of each answer, in full: nothing is missing, and nothing is said of a call that its answer does not tell. */
import { describe, expect, test } from 'vitest';
import { NO_CLIENT } from '../../src/app/wiring/registration-api.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { newRegistration, type Registration } from '../../src/domain/registration.js';
import { answerToCreate } from '../../src/wechat/answers.js';
import type { Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import {
  type FactContext,
  factOfCreate,
  factOfExpiredPermit,
  factOfExpiredSearch,
  factOfNoJournal,
  factOfSearch,
  factOfUnconfirmed,
  type MadeCall,
} from '../../src/worker/facts.js';
import { LIMITS } from '../support/limits.js';

const NOW = Date.parse('2026-11-21T10:00:00+08:00');
const SENT_AT = NOW - 700;
const DAY = '2026-11-21';
const MINUTE_MS = 60_000;
const { pushWaitMs, busyWaitMs, probeFirstMs, probeMaxMs, giveUpMs, pushRecheckMs } = DEFAULT_PATIENCE;
const MIDNIGHT = Date.parse('2026-11-22T00:00:00+08:00');

/** The successor, which was never retired, unless a test asks for the other one. */
function context(make = fastregisterenterpriseweapp, random = 0.5): FactContext {
  return {
    api: make(NO_CLIENT),
    patience: DEFAULT_PATIENCE,
    limits: LIMITS,
    now: () => NOW,
    random: () => random,
  };
}

function sent(changes: Partial<Registration> = {}, isProbe = false): MadeCall {
  const registration = { ...newRegistration('a', 'b/0'), state: 'submitting', sentAt: SENT_AT, ...changes } as const;
  return { snapshot: { registration, now: NOW }, sentAt: SENT_AT, day: DAY, person: 'p', isProbe };
}

const answer = (errcode: number, said = 'said', body: object = {}): Reply => ({
  kind: 'answer',
  errcode,
  said,
  body: { ...body },
});
const call = { at: NOW, callSentAt: SENT_AT };
const ORDINARY = { call: 'create', code: '' };
const GIVE_BACK = { day: DAY, person: 'p' };
const byRow = { firstMs: probeFirstMs, maxMs: probeMaxMs };

describe('a create', () => {
  test('that was accepted has its task and link, and is followed up when its push is overdue', () => {
    const body = { taskid: 'task-1', authorize_url: 'https://example.com/link' };
    expect(factOfCreate(context(), sent(), answer(0, 'ok', body))).toEqual({
      fact: {
        ...call,
        kind: 'create_accepted',
        said: 'ok',
        until: SENT_AT + pushWaitMs,
        taskId: 'task-1',
        authorizeUrl: 'https://example.com/link',
      },
      effects: { verdict: 'accepted', repeatedError: ORDINARY },
      refusedToken: false,
    });
  });

  test('that was refused names the code, and waits for nothing', () => {
    expect(factOfCreate(context(), sent(), answer(61070, 'said', { taskid: 'none of ours' }))).toEqual({
      fact: { ...call, kind: 'create_refused', said: 'said', problem: 'create:61070' },
      effects: { verdict: 'refused', repeatedError: ORDINARY },
      refusedToken: false,
    });
  });

  test('that met a running task waits for its end, and says which tasks are over by now', () => {
    const { fact, effects } = factOfCreate(context(), sent(), answer(89249));
    expect(fact).toEqual({
      ...call,
      kind: 'create_busy',
      said: 'said',
      problem: 'create:89249',
      tasksOverBefore: NOW - pushWaitMs,
      wait: 'busy',
      until: NOW + busyWaitMs,
    });
    expect(effects).toEqual({ verdict: 'taken', repeatedError: ORDINARY });
  });

  test('that met a used up Weixin ID waits for the next day, on which it has its tries again', () => {
    const { fact, effects } = factOfCreate(context(), sent(), answer(91030));
    expect(fact).toMatchObject({ kind: 'create_postponed', wait: 'person', until: MIDNIGHT });
    expect(effects).toEqual({ verdict: 'taken', repeatedError: ORDINARY, spent: { day: DAY, person: 'p' } });
  });

  test.each([
    [89249, 'busySince'],
    [91030, 'personSince'],
  ] as const)('that meets %i for longer than we wait has no time to be sent again', (errcode, since) => {
    const untilOf = (met: number) => factOfCreate(context(), sent({ [since]: met }), answer(errcode)).fact.until;
    expect(untilOf(NOW - giveUpMs + 1)).toBeGreaterThan(NOW);
    expect(untilOf(NOW - giveUpMs)).toBeUndefined();
  });

  test.each([
    [40001, true],
    [42001, true],
    [61005, true],
    [61006, true],
    [45009, false],
    [45011, false],
    [89254, false],
    [0, false],
    [4711, false],
  ])('that was answered with %i was refused for its token or its ticket: %j', (errcode, refused) => {
    expect(factOfCreate(context(), sent(), answer(errcode)).refusedToken).toBe(refused);
  });

  test('whose token was refused returns the try of its Weixin ID, and nothing else', () => {
    expect(factOfCreate(context(), sent(), answer(42001))).toEqual({
      fact: { ...call, kind: 'create_void', said: 'said', problem: 'create:42001' },
      effects: { verdict: 'again', giveBack: GIVE_BACK },
      refusedToken: true,
    });
  });

  test('that met a used up day closes the day, and one that met a used up minute makes a pause', () => {
    const closing = { said: 'create:45009 said', recheck: LIMITS.quotaRechecksMs };
    expect(factOfCreate(context(), sent(), answer(45009)).effects).toEqual({
      verdict: 'again',
      closeDay: DAY,
      closing,
      giveBack: GIVE_BACK,
    });
    expect(factOfCreate(context(), sent(), answer(45011)).effects).toEqual({
      verdict: 'again',
      pauseMs: MINUTE_MS,
      giveBack: GIVE_BACK,
    });
  });

  test('that the platform is to blame for says why the line stops, with the rid and no other word of WeChat', () => {
    const { fact, effects } = factOfCreate(context(), sent(), answer(61004, 'access clientip rid: 65aa-1'));
    expect(fact).toEqual({
      ...call,
      kind: 'platform_refused',
      said: 'access clientip rid: 65aa-1',
      problem: 'create:61004',
      because: `${answerToCreate(61004).en} rid: 65aa-1`,
    });
    expect(effects).toEqual({ verdict: 'failed', repeatedError: ORDINARY, giveBack: GIVE_BACK });
    for (const errcode of [0, 61070, 89247, 4711]) {
      expect(factOfCreate(context(), sent(), answer(errcode)).fact).not.toHaveProperty('because');
    }
  });

  test('that could not be sent waits with all others for a short while, and nothing of it is counted', () => {
    for (const [random, share] of [
      [0, 0.9],
      [0.5, 1],
      [1, 1.1],
    ] as const) {
      const ms = Math.round(probeFirstMs * share);
      expect(factOfCreate(context(undefined, random), sent(), { kind: 'not_sent', why: 'ECONNREFUSED' })).toEqual({
        fact: {
          ...call,
          kind: 'create_void',
          problem: 'call:not_sent',
          said: 'ECONNREFUSED',
          until: NOW + ms,
          wait: 'connection',
        },
        effects: {
          repeatedError: {
            call: 'create',
            code: 'call:not_sent',
            met: 'ECONNREFUSED',
            most: 3,
            countsCalls: true,
            probe: { call: 'any', asksFirst: false, ...byRow },
          },
          verdict: 'failed',
          giveBack: { ...GIVE_BACK, call: 'create' },
          pauseMs: ms,
        },
        refusedToken: false,
      });
    }
  });

  test('whose answer was lost or was a page refuses no token', () => {
    for (const reply of [
      { kind: 'lost', why: '' },
      { kind: 'page', taken: 'no', why: '' },
      { kind: 'page', taken: 'unknown', why: '' },
    ] as const) {
      expect(factOfCreate(context(), sent(), reply).refusedToken).toBe(false);
    }
  });

  test('that was not made because its permit had expired goes back as if nothing had been', () => {
    expect(factOfExpiredPermit(context(), sent())).toEqual({
      fact: { ...call, kind: 'create_void', problem: 'call:permit_expired' },
      effects: { giveBack: { ...GIVE_BACK, call: 'create' }, verdict: 'unsent' },
    });
  });

  test('that was not made because the journal of this machine takes nothing goes back for another machine', () => {
    expect(factOfNoJournal(context(), sent())).toEqual({
      fact: { ...call, kind: 'create_void', problem: 'call:no_journal' },
      effects: { giveBack: { ...GIVE_BACK, call: 'create' }, verdict: 'unsent' },
    });
  });
});

describe('the API that WeChat took offline', () => {
  const offlineOf = (errcode: number) =>
    factOfCreate(context(fastregisterweapp), sent(), answer(errcode, 'system error')).effects.offline;

  test('is known by its answer to the first creates of a day', () => {
    const told = { day: DAY, met: true, most: 3, because: 'system error', problem: 'api:retired' };
    expect(offlineOf(-1)).toEqual(told);
    for (const errcode of [0, 61070, 89247, 89249, 4711]) expect(offlineOf(errcode)).toEqual({ ...told, met: false });
  });

  test('is not recognised by calls that were turned away before', () => {
    for (const errcode of [42001, 61005, 45009, 45011, 61004]) expect(offlineOf(errcode)).toBeUndefined();
  });

  test('is not looked for in an API that was never retired', () => {
    expect(factOfCreate(context(), sent(), answer(-1)).effects).not.toHaveProperty('offline');
  });
});

describe('the probe of a closed day', () => {
  const verdictOf = (reply: Reply) => factOfCreate(context(), sent({}, true), reply).effects.probe;

  test.each([
    [answer(0), { verdict: 'open', said: 'create:0 said' }],
    [answer(61070), { verdict: 'open', said: 'create:61070 said' }],
    [answer(42001), { verdict: 'again', said: 'create:42001 said' }],
    [answer(45011), { verdict: 'again', said: 'create:45011 said' }],
    [answer(61004), { verdict: 'unknown', said: 'create:61004 said' }],
    [{ kind: 'lost', why: 'cut' } as const, { verdict: 'unknown', said: 'call:lost cut' }],
    [{ kind: 'not_sent', why: '' } as const, { verdict: 'again', said: 'call:not_sent' }],
    [{ kind: 'page', taken: 'no', why: '' } as const, { verdict: 'again', said: 'call:page' }],
    [{ kind: 'page', taken: 'unknown', why: '' } as const, { verdict: 'unknown', said: 'call:page' }],
  ])('that was answered with %j says of the day: %j', (reply, probe) => {
    expect(verdictOf(reply)).toEqual({ day: DAY, ...probe });
  });

  test('has no verdict if WeChat answers it with 45009: the day stays closed', () => {
    expect(factOfCreate(context(), sent({}, true), answer(45009)).effects).not.toHaveProperty('probe');
  });

  test('that was not made has no answer, and another call is the probe', () => {
    const registration = sent().snapshot.registration;
    const unmade = [
      ...[factOfExpiredPermit, factOfUnconfirmed, factOfNoJournal].map((factOf) => factOf(context(), sent({}, true))),
      factOfExpiredSearch(context(), registration, DAY, true),
    ];
    for (const { effects } of unmade) expect(effects.probe).toEqual({ day: DAY, verdict: 'again' });
  });

  test('may be a search', () => {
    const registration = sent().snapshot.registration;
    const told = factOfSearch(context(fastregisterweapp), registration, DAY, answer(89251), true).effects.probe;
    expect(told).toEqual({ day: DAY, verdict: 'open', said: 'search:89251 said' });
    const lost = factOfSearch(context(fastregisterweapp), registration, DAY, { kind: 'lost', why: 'cut' }, true).effects
      .probe;
    expect(lost).toEqual({ day: DAY, verdict: 'unknown', said: 'call:lost cut' });
  });
});

describe('a search', () => {
  const registration = { ...newRegistration('a', 'b/0'), state: 'submitting', sentAt: NOW - pushWaitMs } as const;
  const told = (reply: Reply) => factOfSearch(context(fastregisterweapp), registration, DAY, reply);
  const searched = { at: NOW, callSentAt: NOW - pushWaitMs, until: NOW + pushRecheckMs };

  test('that finds the task running says so, and that the way to WeChat is open', () => {
    expect(told(answer(89251))).toEqual({
      fact: { ...searched, kind: 'task_running', problem: 'search:89251', said: 'said' },
      effects: { repeatedError: { call: 'search', code: '' }, searchVerdict: 'taken' },
      refusedToken: false,
    });
  });

  test.each([40001, 61005])('whose token was refused (%i) is made again with another one', (errcode) => {
    expect(told(answer(errcode))).toMatchObject({
      refusedToken: true,
      effects: { searchVerdict: 'again' },
      fact: { until: NOW },
    });
  });

  test('that meets a used up day closes it, and one that meets a used up minute makes a pause', () => {
    expect(told(answer(45009)).effects).toMatchObject({ closeDay: DAY, closing: { said: 'search:45009 said' } });
    expect(told(answer(45011)).effects).toMatchObject({ pauseMs: MINUTE_MS, searchVerdict: 'again' });
  });

  test('that gets no answer counts for the line as calls of its own kind', () => {
    expect(told({ kind: 'lost', why: 'cut' })).toEqual({
      fact: { ...searched, kind: 'search_void', problem: 'call:lost', said: 'cut' },
      effects: {
        repeatedError: {
          call: 'search',
          code: 'call:lost',
          met: 'cut',
          most: 5,
          countsCalls: true,
          probe: { call: 'any', asksFirst: true, ...byRow },
        },
        searchVerdict: 'failed',
      },
      refusedToken: false,
    });
  });

  test.each<Reply>([
    { kind: 'not_sent', why: 'ECONNREFUSED' },
    { kind: 'page', taken: 'no', why: 'HTTP 403' },
  ])('that surely did not reach WeChat ($kind) gives its call back', (reply) => {
    expect(told(reply).effects.giveBack).toEqual({ day: DAY, person: '', call: 'search' });
  });

  test.each<Reply>([
    { kind: 'lost', why: 'cut' },
    { kind: 'page', taken: 'unknown', why: 'HTTP 502' },
    answer(42001),
    answer(89251),
  ])('that WeChat may have counted (%j) gives no call back', (reply) => {
    expect(told(reply).effects).not.toHaveProperty('giveBack');
  });

  test('whose permit had expired was not made, and is made again at once', () => {
    expect(factOfExpiredSearch(context(), registration, DAY)).toEqual({
      fact: { ...searched, kind: 'search_void', until: NOW, problem: 'call:permit_expired' },
      effects: { giveBack: { day: DAY, person: '', call: 'search' }, searchVerdict: 'unsent' },
    });
  });

  test('of a row whose create is not known counts from now', () => {
    const { sentAt: _, ...unknown } = registration;
    const { fact } = factOfSearch(context(fastregisterweapp), unknown, DAY, answer(89251));
    expect(fact).toMatchObject({ callSentAt: NOW, until: NOW + pushRecheckMs });
  });
});
