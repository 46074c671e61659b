import { describe, expect, test } from 'vitest';
import { NO_CLIENT } from '../../src/app.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { newRegistration, type Registration, type State } from '../../src/domain/registration.js';
import type { Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import type { Crew } from '../../src/worker/crew.js';
import { factOfSearch } from '../../src/worker/facts.js';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-11-21T10:00:00+08:00');
const { pushRecheckMs, giveUpMs, retryFirstMs } = DEFAULT_PATIENCE;

describe.each([fastregisterweapp, fastregisterenterpriseweapp])('what $name says of a silent registration', (make) => {
  const crew = {
    api: make(NO_CLIENT),
    patience: DEFAULT_PATIENCE,
    limits: { stopAfter: 20 },
    now: () => NOW,
  } as unknown as Crew;

  function asked(hoursAgo: number, reply: Reply, state: State = 'submitting') {
    const registration: Registration = {
      ...newRegistration('a', 'b/0'),
      state,
      task: 'open',
      sentAt: NOW - hoursAgo * HOUR_MS,
    };
    return factOfSearch(crew, registration, '2026-11-21', reply);
  }

  const unclear: Reply = { kind: 'answer', errcode: 89250, said: 'task not found', body: {} };
  const lost: Reply = { kind: 'lost', why: 'no answer in time' };

  test('is asked again after the usual pause, and not after patience has ended', () => {
    expect(asked(27, unclear).fact).toMatchObject({ kind: 'task_unclear', until: NOW + pushRecheckMs });
    expect(asked(70, unclear).fact.until).toBe(NOW - 70 * HOUR_MS + giveUpMs);
  });

  test('is not asked again where WeChat had accepted it and has no task of it any more: only the push can tell', () => {
    const inTheEnd = NOW - 27 * HOUR_MS + giveUpMs;
    expect(asked(27, unclear, 'awaiting_legal_person').fact).toMatchObject({ kind: 'task_unclear', until: inTheEnd });
    const systemError: Reply = { kind: 'answer', errcode: -1, said: 'system error', body: {} };
    expect(asked(27, systemError, 'awaiting_legal_person').fact.until).toBe(NOW + pushRecheckMs);
  });

  test('is not asked without a pause where its time to give up has come while WeChat is away', () => {
    expect(asked(27, lost).fact).toMatchObject({ kind: 'search_void', until: NOW + pushRecheckMs });
    expect(asked(80, lost).fact).toMatchObject({ kind: 'search_void', until: NOW + retryFirstMs });
  });

  test.each([-1, 89247, 4711])(
    'is not asked without a pause either where its time to give up has come and the answer is %i',
    (errcode) => {
      const vague: Reply = { kind: 'answer', errcode, said: 'said', body: {} };
      expect(asked(27, vague).fact).toMatchObject({ kind: 'task_unclear', until: NOW + pushRecheckMs });
      expect(asked(80, vague).fact).toMatchObject({ kind: 'task_unclear', until: NOW + retryFirstMs });
    },
  );

  test('is asked again at once where the call was turned away at the door: the door says how long to wait', () => {
    const refused: Reply = { kind: 'answer', errcode: 42001, said: 'expired', body: {} };
    expect(asked(27, refused)).toMatchObject({ refusedToken: true, fact: { kind: 'search_void', until: NOW } });
  });
});

test('a refusal that stops the line keeps the rid for the support, and no other word of WeChat', () => {
  const crew = { api: fastregisterweapp(NO_CLIENT), patience: DEFAULT_PATIENCE, now: () => NOW } as unknown as Crew;
  const said = 'lack of some component rights hint: [name] rid: 6232fd1c-2f4eca94-4494c37a';
  const reply: Reply = { kind: 'answer', errcode: 89254, said, body: {} };
  const { because } = factOfSearch(crew, { ...newRegistration('a', 'b/0'), sentAt: NOW }, '2026-11-21', reply).fact;
  expect(because).toMatch(/^The platform's permission sets are incomplete.*\. rid: 6232fd1c-2f4eca94-4494c37a$/);
});

test('a query that tells the end leaves nothing to wait for', () => {
  const crew = {
    api: fastregisterenterpriseweapp(NO_CLIENT),
    patience: DEFAULT_PATIENCE,
    now: () => NOW,
  } as unknown as Crew;
  const registration = { ...newRegistration('a', 'b/0'), sentAt: NOW - 27 * HOUR_MS };
  for (const [status, kind] of [
    [12, 'task_created'],
    [11, 'task_failed'],
    [1008, 'task_failed'],
  ] as const) {
    const reply: Reply = { kind: 'answer', errcode: 0, said: 'ok', body: { errcode: 0, status } };
    const { fact } = factOfSearch(crew, registration, '2026-11-21', reply);
    expect(fact).toMatchObject({ kind, problem: `query:${status}` });
    expect(fact).not.toHaveProperty('until');
  }
});
