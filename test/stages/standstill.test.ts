import { expect, test } from 'vitest';
import type { Calls, CallsOfDay, LineStop, TokenWait } from '../../src/redis/calls.js';
import { situation } from '../../src/reporter/standstill.js';
import { LIMITS } from '../support/limits.js';

const NOON = Date.parse('2026-11-21T12:00+08:00');

function situationOf(
  facts: { line?: Partial<LineStop>; day?: Partial<CallsOfDay>; wait?: TokenWait | 'pause' },
  limits = LIMITS,
) {
  const calls = {
    line: async () => facts.line && { because: '', problem: '', at: NOON, onTrial: false, ...facts.line },
    ofDay: async () => ({ create: 0, search: 0, closed: false, told: undefined, ...facts.day }),
    waitNoted: async () => facts.wait && { why: facts.wait, ms: 5_000 },
  } as unknown as Calls;
  return situation(calls, limits, NOON);
}

test('a token that is refused for the platform says what to mend, and what WeChat said', async () => {
  const because = 'access clientip is not registered requestIP: 203.0.113.7 rid: 65aa-1';
  const { standstill, stopped } = await situationOf({ line: { problem: 'token:61004', because } });
  expect(stopped).toBe(true);
  expect(standstill?.reason.en).toContain('not on the platform');
  expect(standstill?.reason.en).toContain('requestIP: 203.0.113.7 rid: 65aa-1');
  expect(standstill?.reason.en).toMatch(
    /rid: 65aa-1\. WeChat's support asks for the rid \(65aa-1\) within about five hours\.$/,
  );
  expect(standstill?.reason.zh).toMatch(/rid: 65aa-1。如需咨询微信客服，请在约五小时内提供 rid：65aa-1。$/);
  expect(standstill?.nextStep.en).toContain('allow-list');
  expect(standstill?.whoActs).toBe('platform');
});

test("the platform's token service that gives none says which status it answered, and which setting leads there", async () => {
  const { standstill, stopped } = await situationOf({ line: { problem: 'token:service', because: 'HTTP 404' } });
  expect(stopped).toBe(true);
  expect(standstill?.reason.en).toContain('HTTP 404');
  expect(standstill?.nextStep.en).toContain('WECHAT_COMPONENT_ACCESS_TOKEN_URL');
  const waiting = await situationOf({ wait: 'service' });
  expect(waiting.stopped).toBe(false);
  expect(waiting.standstill?.nextStep.en).toContain('WECHAT_COMPONENT_ACCESS_TOKEN_URL');
});

test('a line that a person paused beside its fault says both, and what to mend', async () => {
  const { standstill } = await situationOf({ line: { problem: 'create:89254', paused: 'we move house' } });
  expect(standstill?.reason.en).toMatch(/permission sets .* It is paused, too: we move house\.$/);
  expect(standstill?.reason.zh).toMatch(/此外已人工暂停：we move house。$/);
  expect(standstill?.nextStep.en).toContain('permission sets');
});

test('a token that is refused with a code that nobody knows says nothing about tasks', async () => {
  const { standstill } = await situationOf({ line: { problem: 'token:4711', because: 'who knows' } });
  expect(standstill?.reason.en).toBe('The line is stopped: who knows.');
});

test('a day that WeChat has closed has no calls left, whatever we counted', async () => {
  expect(await situationOf({ day: { create: 3, closed: true } })).toMatchObject({ used: 3, left: 0, stopped: true });
  expect(await situationOf({ day: { create: 3 } })).toMatchObject({ used: 3, left: 997, stopped: false });
});

test('a standstill that ends by itself says when: a day that is used up not before the sending hours of the next one', async () => {
  const at = (time: string): number => Date.parse(`2026-11-${time}+08:00`);
  const evenings = { ...LIMITS, sendingHours: { fromMinute: 18 * 60, untilMinute: 22 * 60 } };
  const closed = { day: { closed: true } };
  expect((await situationOf(closed)).standstill).toMatchObject({ problem: 'quota:day', until: at('22T00:00') });
  expect((await situationOf({}, evenings)).standstill).toMatchObject({ problem: 'quota:hours', until: at('21T18:00') });
  expect((await situationOf({ wait: 'pause' })).standstill).toMatchObject({ until: NOON + 5_000 });
  const { standstill } = await situationOf(closed, evenings);
  expect(standstill).toMatchObject({ problem: 'quota:day', until: at('22T18:00') });
  expect(standstill?.reason.en).toContain('Sending goes on at 2026-11-22T18:00:00+08:00');
  expect((await situationOf({ wait: 'ticket' })).standstill).not.toHaveProperty('until');
});
