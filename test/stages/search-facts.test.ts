import { describe, expect, test } from 'vitest';
import { NO_CLIENT } from '../../src/app/wiring/registration-api.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { newRegistration, type Registration, type State } from '../../src/domain/registration.js';
import type { Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import { type FactContext, factOfSearch } from '../../src/worker/facts.js';
import { LIMITS } from '../support/limits.js';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-11-21T10:00:00+08:00');
const { pushRecheckMs, giveUpMs, retryFirstMs } = DEFAULT_PATIENCE;

const contextOf = (make: typeof fastregisterweapp): FactContext => ({
  api: make(NO_CLIENT),
  patience: DEFAULT_PATIENCE,
  limits: LIMITS,
  now: () => NOW,
  random: () => 0.5,
});

describe.each([fastregisterweapp, fastregisterenterpriseweapp])('what $name says of a silent registration', (make) => {
  const context = contextOf(make);

  function asked(hoursAgo: number, reply: Reply, state: State = 'submitting') {
    const registration: Registration = {
      ...newRegistration('a', 'b/0'),
      state,
      task: 'open',
      sentAt: NOW - hoursAgo * HOUR_MS,
    };
    return factOfSearch(context, registration, '2026-11-21', reply);
  }

  const unclear: Reply = { kind: 'answer', errcode: 89250, said: 'task not found', body: {} };
  const lost: Reply = { kind: 'lost', why: 'no answer in time' };

  test('is asked again after the usual pause, and not after patience has ended', () => {
    const running: Reply = { kind: 'answer', errcode: 89251, said: 'running', body: {} };
    expect(asked(27, running).fact).toMatchObject({ kind: 'task_running', until: NOW + pushRecheckMs });
    expect(asked(70, running).fact.until).toBe(NOW - 70 * HOUR_MS + giveUpMs);
  });

  test.each(['submitting', 'awaiting_legal_person'] as const)(
    'is not asked again where WeChat has no task once its push is overdue, whether or not it was accepted: %s',
    (state) => {
      const inTheEnd = NOW - 27 * HOUR_MS + giveUpMs;
      expect(asked(27, unclear, state).fact).toMatchObject({ kind: 'task_unclear', until: inTheEnd });
      const systemError: Reply = { kind: 'answer', errcode: -1, said: 'system error', body: {} };
      expect(asked(27, systemError, state).fact.until).toBe(NOW + pushRecheckMs);
    },
  );

  test('is not asked without a pause if its time is up while WeChat is unavailable', () => {
    expect(asked(27, lost).fact).toMatchObject({ kind: 'search_void', until: NOW + pushRecheckMs });
    expect(asked(80, lost).fact).toMatchObject({ kind: 'search_void', until: NOW + pushRecheckMs });
    const page: Reply = { kind: 'page', taken: 'no', why: 'HTTP 403' };
    expect(asked(80, page).fact).toMatchObject({ kind: 'search_void', until: NOW + pushRecheckMs });
    // No call was made.
    const notSent: Reply = { kind: 'not_sent', why: 'ECONNREFUSED' };
    expect(asked(80, notSent).fact).toMatchObject({ kind: 'search_void', until: NOW + retryFirstMs });
  });

  test.each([-1, 89247, 4711])(
    'is not asked without a pause either if its time is up and the answer is %i',
    (errcode) => {
      const vague: Reply = { kind: 'answer', errcode, said: 'said', body: {} };
      expect(asked(27, vague).fact).toMatchObject({ kind: 'task_unclear', until: NOW + pushRecheckMs });
      expect(asked(80, vague).fact).toMatchObject({ kind: 'task_unclear', until: NOW + retryFirstMs });
    },
  );

  test('is asked again at once where the call was refused by the gateway of WeChat: that says how long to wait', () => {
    const refused: Reply = { kind: 'answer', errcode: 42001, said: 'expired', body: {} };
    expect(asked(27, refused)).toMatchObject({ refusedToken: true, fact: { kind: 'search_void', until: NOW } });
  });
});

test('a refusal that stops the line keeps the rid for the support, and no other word of WeChat', () => {
  const context = contextOf(fastregisterweapp);
  const said = 'lack of some component rights hint: [name] rid: 6232fd1c-2f4eca94-4494c37a';
  const reply: Reply = { kind: 'answer', errcode: 89254, said, body: {} };
  const { because } = factOfSearch(context, { ...newRegistration('a', 'b/0'), sentAt: NOW }, '2026-11-21', reply).fact;
  expect(because).toMatch(/^The platform's permission sets are incomplete.*\. rid: 6232fd1c-2f4eca94-4494c37a$/);
});

describe('the early search after a lost answer', () => {
  const context = contextOf(fastregisterweapp);
  const sentAt = NOW - DEFAULT_PATIENCE.lostRecheckMs;
  const overdueAt = sentAt + DEFAULT_PATIENCE.pushWaitMs;
  const registration: Registration = { ...newRegistration('a', 'b/0'), state: 'submitting', task: 'open', sentAt };

  function early(reply: Reply) {
    return factOfSearch(context, { ...registration, until: NOW }, '2026-11-21', reply).fact;
  }

  test.each([89251, 89252, 89250, 0, 89249, 4711])('is the only one before the push is overdue: %i', (errcode) => {
    const fact = early({ kind: 'answer', errcode, said: 'said', body: {} });
    expect(fact).toMatchObject({ early: true, until: overdueAt });
  });

  test('is not made again where its own answer is lost', () => {
    expect(early({ kind: 'lost', why: 'no answer in time' })).toMatchObject({ kind: 'search_void', until: overdueAt });
  });

  test('was none where WeChat did not look: it is made when WeChat takes calls', () => {
    const expired: Reply = { kind: 'answer', errcode: 42001, said: 'expired', body: {} };
    expect(early(expired)).toMatchObject({ kind: 'search_void', until: NOW });
    expect(early({ kind: 'not_sent', why: 'refused' })).toMatchObject({ until: NOW + pushRecheckMs });
    const fault: Reply = { kind: 'answer', errcode: 61004, said: 'ip', body: {} };
    expect(early(fault)).toMatchObject({ kind: 'search_refused', until: NOW + pushRecheckMs });
  });

  test('is distinguished from the search of the overdue push by the time for which it was scheduled, whatever a clock says', () => {
    const overdue = { ...registration, sentAt: NOW - DEFAULT_PATIENCE.pushWaitMs + 1_000, until: NOW + 1_000 };
    const answer: Reply = { kind: 'answer', errcode: 89250, said: 'not found', body: {} };
    const { fact } = factOfSearch(context, overdue, '2026-11-21', answer);
    expect(fact).not.toHaveProperty('early');
    expect(fact.until).toBe(overdue.sentAt + giveUpMs);
  });
});

describe('a query when the push is overdue', () => {
  const context = contextOf(fastregisterenterpriseweapp);
  const registration: Registration = {
    ...newRegistration('a', 'b/0'),
    state: 'awaiting_legal_person',
    sentAt: NOW - 26 * HOUR_MS,
    taskId: 'task',
  };
  const answered = (status: unknown) =>
    factOfSearch(context, registration, '2026-11-21', {
      kind: 'answer',
      errcode: 0,
      said: 'ok',
      body: { errcode: 0, status },
    }).fact;

  test.each([0, 1, 8, 10, '3'])('ends a task that is still on its way: status %s', (status) => {
    const fact = answered(status);
    expect(fact).toMatchObject({ kind: 'task_unfinished', problem: `query:${status}` });
    expect(fact).not.toHaveProperty('until');
  });

  test.each([13, 999, -1, 'late', undefined])('is not read if the status is unknown, nor repeated: %s', (status) => {
    expect(answered(status)).toMatchObject({ kind: 'task_unclear', until: NOW - 26 * HOUR_MS + giveUpMs });
  });
});

test('a query that reports the end leaves nothing to wait for', () => {
  const context = contextOf(fastregisterenterpriseweapp);
  const registration = { ...newRegistration('a', 'b/0'), sentAt: NOW - 27 * HOUR_MS };
  for (const [status, kind] of [
    [12, 'task_created'],
    [11, 'task_failed'],
    [1008, 'task_failed'],
  ] as const) {
    const reply: Reply = { kind: 'answer', errcode: 0, said: 'ok', body: { errcode: 0, status } };
    const { fact } = factOfSearch(context, registration, '2026-11-21', reply);
    expect(fact).toMatchObject({ kind, problem: `query:${status}` });
    expect(fact).not.toHaveProperty('until');
  }
});
