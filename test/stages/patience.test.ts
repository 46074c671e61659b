import { expect, test } from 'vitest';
import { NO_CLIENT } from '../../src/app/wiring/registration-api.js';
import { apply } from '../../src/domain/apply.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { type Fact, newRegistration, next, type Registration } from '../../src/domain/registration.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import { factOfCreate } from '../../src/worker/facts.js';
import { LIMITS } from '../support/limits.js';

const HOUR_MS = 3_600_000;
const MORNING = Date.parse('2026-11-21T10:00:00+08:00');
const { busyWaitMs, giveUpMs, retryLimit } = DEFAULT_PATIENCE;

/** A row that is sent as soon as it may, and what it meets each time. */
function aRow() {
  let now = MORNING;
  let row: Registration = newRegistration('a', 'b/0');
  const context = {
    api: fastregisterweapp(NO_CLIENT),
    patience: DEFAULT_PATIENCE,
    limits: LIMITS,
    now: () => now,
    random: () => 0.5,
  };

  const meet = (fact: Fact): void => {
    const move = next(row, fact);
    if (move !== undefined) row = apply(row, fact, move);
  };
  return {
    pass(ms: number): void {
      now += ms;
    },
    now: () => now,
    send(errcode: number): Registration {
      now = Math.max(now, row.until ?? 0);
      meet({ kind: 'create_sent', at: now });
      const sent = {
        snapshot: { registration: row, now },
        sentAt: now,
        day: '2026-11-21',
        person: 'p',
        isProbe: false,
      };
      meet(factOfCreate(context, sent, { kind: 'answer', errcode, said: 'said', body: {} }).fact);
      return row;
    },
  };
}

test('a first 89247 has all its tries, and its first pause, whatever was waited for before', () => {
  const row = aRow();
  for (const errcode of [89249, 91030, 89249, 91030]) expect(row.send(errcode).state).toBe('deferred');
  const after = row.send(89247);
  expect(after).toMatchObject({ state: 'deferred', wait: 'again', postponed: 1 });
  expect(after.until).toBe(row.now() + DEFAULT_PATIENCE.retryFirstMs);
});

test('a first 89249 is waited for, however long ago another answer put the row off', () => {
  const row = aRow();
  row.send(89247);
  row.pass(73 * HOUR_MS);
  expect(row.send(89249)).toMatchObject({ state: 'deferred', wait: 'busy', until: row.now() + busyWaitMs });
});

test.each([
  ['89247', [89247]],
  ['89249', [89249]],
  ['91030', [91030]],
  ['89247 and 91030 by turns', [89247, 91030]],
  ['89249 and 91030 by turns', [89249, 91030]],
  ['89247 and 89249 by turns', [89247, 89249]],
])('%s without an end waits for a person in the end', (_, answers) => {
  const row = aRow();
  let tries = 0;
  let after: Registration;
  do {
    after = row.send(answers[tries % answers.length] as number);
    tries += 1;
  } while (after.state === 'deferred' && tries < 100);
  expect(after.state).toBe('needs_review');
  expect(tries).toBeLessThanOrEqual(2 * retryLimit);
  expect(row.now() - MORNING).toBeLessThanOrEqual(giveUpMs + 24 * HOUR_MS);
});

test('that our own count holds a row for its Weixin ID spends no patience', () => {
  const held: Fact = { kind: 'create_held', at: MORNING, until: MORNING + HOUR_MS, wait: 'person' };
  const row = newRegistration('a', 'b/0');
  const move = next(row, held);
  expect(move && apply(row, held, move)).toMatchObject({ state: 'deferred', wait: 'person', personSince: undefined });
});
