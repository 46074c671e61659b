import { describe, expect, test } from 'vitest';
import { NO_CLIENT } from '../../src/app/wiring/registration-api.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { newRegistration } from '../../src/domain/registration.js';
import type { Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import { budgetsFor } from '../../src/worker/context.js';
import { factOfCreate } from '../../src/worker/facts.js';
import { LIMITS } from '../support/limits.js';

const NOW = Date.parse('2026-11-21T10:00:00+08:00');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const context = {
  api: fastregisterweapp(NO_CLIENT),
  patience: DEFAULT_PATIENCE,
  limits: LIMITS,
  now: () => NOW,
  random: () => 0.5,
};

function answered(reply: Reply, postponed = 0, api = context.api) {
  const registration = { ...newRegistration('a', 'b/0'), state: 'submitting', sentAt: NOW, postponed } as const;
  const call = { snapshot: { registration, now: NOW }, sentAt: NOW, day: '2026-11-21', person: 'p', isProbe: false };
  return factOfCreate({ ...context, api }, call, reply);
}

const answer = (errcode: number): Reply => ({ kind: 'answer', errcode, said: 'said rid: 65aa-1', body: {} });
const page = (taken: 'no' | 'unknown'): Reply => ({ kind: 'page', taken, why: 'HTTP 403 and no JSON (text/html)' });

describe('a create that something else answered', () => {
  test('and refused is no attempt: its calls are given back, and it has its own tries, behind the others', () => {
    const { fact, effects } = answered(page('no'));
    expect(fact).toMatchObject({
      kind: 'create_intercepted',
      problem: 'call:page',
      wait: 'page',
      until: NOW + 10 * MINUTE_MS,
    });
    expect(effects).toMatchObject({
      verdict: 'failed',
      giveBack: { day: '2026-11-21', person: 'p', call: 'create' },
      repeatedError: {
        call: 'create',
        code: 'call:page',
        most: 3,
        countsCalls: false,
        met: 'HTTP 403 and no JSON (text/html)',
      },
    });
    // The line holds it back, and no time of its own.
    expect(effects.ifStopped).toEqual({ kind: 'try_returned', at: NOW, problem: 'call:page', postponed: 0 });
  });

  test('and refused for the last of its tries waits for a person, unless all merchants are refused so', () => {
    const { fact, effects } = answered(page('no'), DEFAULT_PATIENCE.retryLimit - 1);
    expect(fact).not.toHaveProperty('until');
    expect(effects.ifStopped).toMatchObject({ postponed: DEFAULT_PATIENCE.retryLimit - 1 });
  });

  test.each<Reply>([page('unknown'), { kind: 'lost', why: 'HTTP 502 and no JSON' }])(
    'and may have passed on ($kind) stays lost: nothing is given back, and nothing is sent again',
    (reply) => {
      const { fact, effects } = answered(reply);
      expect(fact).toMatchObject({ kind: 'answer_lost', problem: `call:${reply.kind}` });
      expect(fact).not.toHaveProperty('until');
      expect(effects).not.toHaveProperty('giveBack');
      expect(effects).not.toHaveProperty('ifStopped');
    },
  );
});

describe('a create that WeChat accepted', () => {
  const successor = fastregisterenterpriseweapp(NO_CLIENT);
  const accepted = (status: unknown, api = successor) => {
    const body = { errcode: 0, errmsg: 'ok', taskid: 't-1', authorize_url: 'https://mp.example/1', status };
    return answered({ kind: 'answer', errcode: 0, said: 'ok', body }, 0, api);
  };

  test.each([11, '11', 1001, '1008'])(
    'and whose status %j says that it has failed is over, and has no link',
    (status) => {
      const { fact, effects } = accepted(status);
      expect(fact).toEqual({
        kind: 'task_failed',
        problem: `query:${status}`,
        said: '',
        at: NOW,
        callSentAt: NOW,
        taskId: 't-1',
      });
      expect(effects).toMatchObject({ verdict: 'refused', repeatedError: { call: 'create', code: '' } });
    },
  );

  test('and whose status says that the Mini Program exists waits only for its appid', () => {
    const { fact, effects } = accepted(12);
    expect(fact).toMatchObject({ kind: 'task_created', problem: 'query:12', taskId: 't-1' });
    expect(effects.verdict).toBe('accepted');
  });

  test.each([0, 1, 9, 10, 13, 1009, undefined, ''])('is under way with any other status: %j', (status) => {
    const { fact, effects } = accepted(status);
    expect(fact).toMatchObject({ kind: 'create_accepted', taskId: 't-1', authorizeUrl: 'https://mp.example/1' });
    expect(fact.until).toBe(NOW + DEFAULT_PATIENCE.pushWaitMs);
    expect(fact).not.toHaveProperty('problem');
    expect(effects.verdict).toBe('accepted');
  });

  test('by fastregisterweapp is under way: its answer has no status', () => {
    expect(accepted(11, context.api).fact).toMatchObject({ kind: 'create_accepted' });
  });
});

describe('creates of a moment with the same answer', () => {
  const call = {
    snapshot: { registration: newRegistration('a', 'b/0'), now: NOW },
    sentAt: NOW,
    day: '2026-11-21',
    person: 'p',
    isProbe: false,
  };
  let at = NOW;
  const process = { ...context, now: () => at };
  const accepted = (more = {}, body = {}) =>
    factOfCreate(
      process,
      { ...call, ...more },
      { kind: 'answer', errcode: 0, said: 'ok', body: { errcode: 0, errmsg: 'ok', ...body } },
    );

  test('share the fact that WeChat has accepted them', () => {
    expect(accepted({ person: 'other' })).toBe(accepted());
    expect(accepted().fact).toMatchObject({ kind: 'create_accepted', at: NOW, callSentAt: NOW, said: 'ok' });
  });

  test.each([
    ['that were sent at another time', { sentAt: NOW - 4 }, {}],
    ['of another quota day', { day: '2026-11-20' }, {}],
    ['that probe a closed day', { isProbe: true }, {}],
    ['with words of their own', {}, { taskid: 't-1' }],
  ])('share nothing with those %s', (_, more, body) => {
    expect(accepted(more, body)).not.toBe(accepted());
    expect(accepted(more, body)).toEqual(accepted(more, body));
    expect(accepted(more, body).fact.callSentAt).toBe('sentAt' in more ? more.sentAt : NOW);
  });

  test('share nothing with those of a later moment', () => {
    const first = accepted();
    at = NOW + 4;
    expect([first, accepted()].map(({ fact }) => fact.at)).toEqual([NOW, NOW + 4]);
  });
});

describe('a create that was turned away before WeChat looked at the merchant', () => {
  test.each([
    [61004, 'platform_refused'],
    [89254, 'platform_refused'],
    [42001, 'create_void'],
    [45009, 'create_void'],
    [45011, 'create_void'],
  ])('with %i costs no try of its Weixin ID; WeChat has counted the call', (errcode, kind) => {
    const { fact, effects } = answered(answer(errcode));
    expect(fact).toMatchObject({ kind, callSentAt: NOW, problem: `create:${errcode}` });
    expect(effects.giveBack).toEqual({ day: '2026-11-21', person: 'p' });
  });

  test.each([0, 61070, 89247, 89249, 91030, 4711])(
    'is distinguished from a create that was answered with %i',
    (errcode) => {
      expect(answered(answer(errcode)).effects).not.toHaveProperty('giveBack');
    },
  );
});

describe('a fault', () => {
  test.each([
    [89247, 'taken'],
    [-1, 'failed'],
  ] as const)('of WeChat (%i) spends a try, and gives it back where it is everybody’s', (errcode, verdict) => {
    const { fact, effects } = answered(answer(errcode), 1);
    expect(fact).toMatchObject({ kind: 'create_postponed', wait: 'again', until: NOW + 20 * MINUTE_MS });
    expect(effects).toMatchObject({
      verdict,
      repeatedError: {
        code: `create:${errcode}`,
        most: LIMITS.stopAfter,
        met: 'rid: 65aa-1',
        probe: { call: 'create' },
      },
      ifStopped: { kind: 'try_returned', postponed: 1, until: NOW + 20 * MINUTE_MS, wait: 'again' },
    });
  });

  test('that spends the last try has a time to be tried again if it strikes all merchants', () => {
    const { fact, effects } = answered(answer(89247), DEFAULT_PATIENCE.retryLimit - 1);
    expect(fact).not.toHaveProperty('until');
    expect(effects.ifStopped).toMatchObject({ postponed: 4, until: NOW + 10 * MINUTE_MS });
  });

  test('with an unknown code needs a person', () => {
    const { effects } = answered(answer(4711));
    expect(effects.repeatedError).toMatchObject({ code: 'create:4711', met: 'rid: 65aa-1' });
    expect(effects.repeatedError).not.toHaveProperty('probe');
  });

  test.each([0, 61070, 89249, 91030])('is over after an answer such as %i', (errcode) => {
    expect(answered(answer(errcode)).effects.repeatedError).toEqual({ call: 'create', code: '' });
  });

  test.each([42001, 45011])(
    'continues after an answer before WeChat looked at the merchant (%i), which says nothing about it',
    (errcode) => {
      expect(answered(answer(errcode)).effects).not.toHaveProperty('repeatedError');
    },
  );

  test('on the way to WeChat stops the line early', () => {
    const mostOf = (reply: Reply) => answered(reply).effects.repeatedError;
    expect(mostOf({ kind: 'lost', why: '' })).toMatchObject({ most: 5, countsCalls: true, probe: { call: 'any' } });
    expect(mostOf({ kind: 'not_sent', why: '' })).toMatchObject({ most: 3, countsCalls: true });
  });
});

test('a row that WeChat put off uses three of the five tries of its Weixin ID, and no other row does', () => {
  const tries = (changes: object) =>
    budgetsFor({ ...newRegistration('a', 'b/0'), ...changes }, context, NOW).triesPerDay;
  expect(tries({})).toBe(5);
  expect(tries({ state: 'deferred', wait: 'person' })).toBe(5);
  expect(tries({ state: 'deferred', wait: 'again', postponed: 1 })).toBe(3);
  // Its try was given back, and WeChat has counted it.
  expect(tries({ state: 'deferred', wait: 'again', postponed: 0 })).toBe(3);
});

test('budgets are one object until a day, an hour of sending or a wait is another', () => {
  const first = newRegistration('a', 'b/0');
  const again = { ...first, postponed: 1 };
  const budgets = budgetsFor(first, context, NOW);
  expect(budgetsFor(again, context, NOW)).not.toBe(budgets);
  expect(budgetsFor(first, context, NOW + 1)).toBe(budgets);
  expect(budgetsFor(again, context, NOW + 1)).toBe(budgetsFor(again, context, NOW));

  expect(budgetsFor(first, context, NOW + DAY_MS)).toMatchObject({ day: '2026-11-22', triesPerDay: 5 });
  expect(budgetsFor(again, context, NOW + DAY_MS)).toMatchObject({ day: '2026-11-22', triesPerDay: 3 });
  const slow = { ...context, patience: { ...DEFAULT_PATIENCE, requestTimeoutMs: 30_000 } };
  expect(budgetsFor(first, slow, NOW + DAY_MS)).toMatchObject({ askMs: 60_000, probeMs: 60_000 });
  const limits = { ...LIMITS, sendingHours: { fromMinute: 8 * 60, untilMinute: 20 * 60 } };
  const office = { ...context, limits };
  const evening = NOW + 10 * HOUR_MS;
  expect(budgetsFor(first, office, NOW).closedMs).toBe(0);
  expect(budgetsFor(first, office, evening).closedMs).toBe(12 * HOUR_MS);
  expect(budgetsFor(first, office, evening + 1).closedMs).toBe(12 * HOUR_MS - 1);
});
