import { describe, expect, test } from 'vitest';
import type { CallsOfDay, NotedWait, ShutDay, TokenWait } from '../../src/domain/budgets.js';
import type { LineStop } from '../../src/domain/line.js';
import { newRegistration } from '../../src/domain/registration.js';
import { forCreates, sendingStatus } from '../../src/reporter/sending-status.js';
import { heldBackBy } from '../../src/reporter/sentences.js';
import { LIMITS } from '../support/limits.js';

const NOON = Date.parse('2026-11-21T12:00+08:00');

function sendingOf(
  facts: { line?: Partial<LineStop>; day?: Partial<CallsOfDay>; wait?: NotedWait | TokenWait | 'pause' },
  limits = LIMITS,
  api?: string,
) {
  const calls = {
    line: async () => facts.line && { because: '', problem: '', at: NOON, halfOpen: false, ...facts.line },
    ofDay: async () => ({ create: 0, search: 0, closed: false, reported: undefined, ...facts.day }),
    waitNoted: async () => (typeof facts.wait === 'string' ? { why: facts.wait, ms: 5_000 } : facts.wait),
  };
  return sendingStatus(calls, limits, NOON, api);
}

test('a token that is refused for the platform says what to fix, and what WeChat said', async () => {
  const because = 'access clientip is not registered requestIP: 203.0.113.7 rid: 65aa-1';
  const { blockedReason, stopped } = await sendingOf({ line: { problem: 'token:61004', because } });
  expect(stopped).toBe(true);
  expect(blockedReason?.reason.en).toContain('not on the platform');
  expect(blockedReason?.reason.en).toContain('requestIP: 203.0.113.7 rid: 65aa-1');
  expect(blockedReason?.reason.en).toMatch(
    /rid: 65aa-1\. WeChat's support asks for the rid \(65aa-1\) within about five hours\.$/,
  );
  expect(blockedReason?.reason.zh).toMatch(/rid: 65aa-1。如需咨询微信客服，请在约五小时内提供 rid：65aa-1。$/);
  expect(blockedReason?.nextStep.en).toContain('allow-list');
  expect(blockedReason?.whoActs).toBe('platform');
});

test("the platform's token service that gives none says which status it answered, and which setting leads there", async () => {
  const { blockedReason, stopped } = await sendingOf({
    line: { problem: 'token:service', because: 'HTTP 404' },
  });
  expect(stopped).toBe(true);
  expect(blockedReason?.reason.en).toContain('HTTP 404');
  expect(blockedReason?.nextStep.en).toContain('WECHAT_COMPONENT_ACCESS_TOKEN_URL');
  const waiting = await sendingOf({ wait: 'service' });
  expect(waiting.stopped).toBe(false);
  expect(waiting.blockedReason?.nextStep.en).toContain('WECHAT_COMPONENT_ACCESS_TOKEN_URL');
});

test('a line that a person paused beside its fault says both, and what to fix', async () => {
  const { blockedReason } = await sendingOf({
    line: { problem: 'create:89254', paused: 'we move house' },
  });
  expect(blockedReason?.reason.en).toMatch(/permission sets .* It is paused, too: we move house\.$/);
  expect(blockedReason?.reason.zh).toMatch(/此外已人工暂停：we move house。$/);
  expect(blockedReason?.nextStep.en).toContain('permission sets');
});

test('a token that is refused with an unknown code says nothing about tasks', async () => {
  const { blockedReason } = await sendingOf({ line: { problem: 'token:4711', because: 'who knows' } });
  expect(blockedReason?.reason.en).toMatch(/^The line is stopped: .* WeChat said: 4711 who knows\.$/);
});

test.each([
  ['token:45009', /used up for today/, /WECHAT_COMPONENT_ACCESS_TOKEN_URL/],
  ['token:40001', /credentials/, /WECHAT_COMPONENT_APPSECRET/],
  ['token:4711', /not known here/, /ask WeChat's support/],
])(
  'a token that WeChat does not issue (%s) names the cause, what WeChat said, when it is asked again, and what to do',
  async (problem, cause, todo) => {
    const refusal = { problem, said: 'its words rid: 65aa-1' };
    const { blockedReason, stopped } = await sendingOf({ wait: { why: 'refused', ms: 5_000, refusal } });
    expect(stopped).toBe(false);
    expect(blockedReason).toMatchObject({ problem });
    expect(blockedReason?.reason.en).toMatch(cause);
    expect(blockedReason?.reason.en).toContain(`WeChat said: ${problem.slice(6)} its words rid: 65aa-1`);
    expect(blockedReason?.reason.en).toContain('asked again at 21 Nov 12:00');
    expect(blockedReason?.nextStep.en).toMatch(todo);
    expect(blockedReason?.nextStep.en).not.toContain('WECHAT_API_BASE_URL');
  },
);

test('a day that WeChat has closed has no calls left, whatever we counted', async () => {
  expect(await sendingOf({ day: { create: 3, closed: true } })).toMatchObject({ used: 3, left: 0, stopped: true });
  expect(await sendingOf({ day: { create: 3 } })).toMatchObject({ used: 3, left: 997, stopped: false });
});

test('a blockedReason that ends by itself says when: a day that is used up not before the sending hours of the next one', async () => {
  const at = (time: string): number => Date.parse(`2026-11-${time}+08:00`);
  const evenings = { ...LIMITS, sendingHours: { fromMinute: 18 * 60, untilMinute: 22 * 60 } };
  const closed = { day: { closed: true } };
  expect((await sendingOf(closed)).blockedReason).toMatchObject({ problem: 'quota:day', until: at('22T00:00') });
  expect((await sendingOf({}, evenings)).blockedReason).toMatchObject({
    problem: 'quota:hours',
    until: at('21T18:00'),
  });
  expect((await sendingOf({ wait: 'pause' })).blockedReason).toMatchObject({ until: NOON + 5_000 });
  const { blockedReason } = await sendingOf(closed, evenings);
  expect(blockedReason).toMatchObject({ problem: 'quota:day', until: at('22T18:00') });
  expect(blockedReason?.reason.en).toContain('Sending goes on at 22 Nov 18:00.');
  expect((await sendingOf({ wait: 'ticket' })).blockedReason).not.toHaveProperty('until');
});

describe('a day that WeChat has closed, and about which it is asked again', () => {
  const MINUTE = 60_000;
  const shutDay = (minutesAgo: number, changes: Partial<ShutDay> = {}): Partial<CallsOfDay> => ({
    create: 3,
    closed: true,
    shut: {
      since: NOON - minutesAgo * MINUTE,
      said: 'create:45009 reach max',
      nextCheckAt: NOON + MINUTE,
      askedForAt: undefined,
      busyUntil: undefined,
      probeWanted: false,
      askedAt: undefined,
      answered: undefined,
      doubted: false,
      ...changes,
    },
  });

  test('says since when, and when it is asked next, and what to do if the quota was reset', async () => {
    const { blockedReason } = await sendingOf({ day: shutDay(4) });
    expect(blockedReason?.reason.en).toMatch(/WeChat said at 21 Nov 11:56 .* asked again at 21 Nov 12:01\./);
    expect(blockedReason?.reason.zh).toMatch(/微信于 11 月 21 日 11:56 .*将于 11 月 21 日 12:01 再次询问微信/);
    expect(blockedReason?.nextStep.en).toContain('`fastregister resume`');
    expect(blockedReason?.until).toBe(Date.parse('2026-11-22T00:00+08:00'));
  });

  test.each([
    ['is waited for at first', 14, {}, false],
    ['is given up by run after a quarter of an hour', 15, {}, true],
    ['is waited for while a process asks', 60, { busyUntil: NOON + 1 }, false],
    ['is waited for while one is about to ask', 60, { nextCheckAt: NOON - 1 }, false],
    ['is waited for while a person has just asked for it', 60, { askedForAt: NOON - 1 }, false],
    ['is waited for while one call is to find out', 60, { probeWanted: true, askedAt: NOON - 1 }, false],
    ['is given up where nobody asks although it is time', 60, { nextCheckAt: NOON - 2 * MINUTE }, true],
    ['is given up where no call is there to find out', 60, { probeWanted: true, askedAt: NOON - 2 * MINUTE }, true],
  ])('%s', async (_, minutesAgo, changes, stopped) => {
    expect(await sendingOf({ day: shutDay(minutesAgo, changes) })).toMatchObject({ left: 0, stopped });
  });

  test('is not waited for where only our own number has shut it, unless WeChat is being asked', async () => {
    const open = { said: undefined };
    const spent = { ...shutDay(1, open), create: 1_000, closed: false };
    expect((await sendingOf({ day: spent })).stopped).toBe(true);
    const asking = { ...shutDay(1, { ...open, busyUntil: NOON + 1 }), create: 1_000, closed: false };
    expect((await sendingOf({ day: asking })).stopped).toBe(false);
  });

  test('is waited for if WeChat’s own number has closed it, as quota/get reports', async () => {
    const told = { limit: 3, used: 997, counted: 0, at: NOON - MINUTE };
    const believing = { ...LIMITS, believeWeChat: true };
    expect((await sendingOf({ day: { create: 3, reported: told } }, believing)).stopped).toBe(false);
    expect((await sendingOf({ day: { create: 3, reported: told } }, LIMITS)).stopped).toBe(false);
    expect(
      (await sendingOf({ day: { create: 3, reported: { ...told, at: NOON - 20 * MINUTE } } }, believing)).stopped,
    ).toBe(true);
  });
});

test('calls reserved for searches are not available for a create, and calls that WeChat no longer counts are', async () => {
  const kept = await sendingOf({ day: { create: 990, reserved: 10 } });
  expect(kept).toMatchObject({ left: 10, kept: 10, stopped: true, blockedReason: { problem: 'quota:day' } });
  expect(kept.blockedReason?.reason.en).toContain("today's calls are used up, but for 10 that are kept for searches");
  expect((await sendingOf({ day: { create: 989, reserved: 10 } })).blockedReason).toBeUndefined();
  expect(await sendingOf({ day: { create: 1_000, cleared: 400 } })).toMatchObject({ limit: 1_400, left: 400 });
  expect(forCreates(kept, LIMITS)).toEqual({ left: 0, limits: LIMITS });
});

describe('a stopped line', () => {
  const MINUTE_MS = 60_000;
  const met = { times: 22, merchants: 20, since: NOON - MINUTE_MS, at: NOON - 30_000 };

  test.each([
    [
      'create:89247',
      'rid: 65aa-1',
      'That is a fault of WeChat',
      "WeChat's support asks for the rid (65aa-1)",
      'support',
    ],
    ['create:-1', '', 'system error', 'none loses a try.', 'announcements'],
    [
      'create:4711',
      'rid: 65aa-1',
      'fastregister does not know',
      "The code is 4711. WeChat's support asks for the rid (65aa-1)",
      'documentation',
    ],
    ['call:lost', 'no answer in time', 'What was sent is not sent again', 'What came: no answer in time.', 'proxy'],
    ['call:page', 'HTTP 407', 'A page comes back', 'What came: HTTP 407.', 'firewall'],
    ['call:not_sent', 'ECONNREFUSED', 'cannot be reached', 'What came: ECONNREFUSED.', 'WECHAT_API_BASE_URL'],
    ['create:61004', '', 'allow-list', '', 'IP address'],
    ['create:47001', '', 'malformed', '', 'maintainers'],
    ['token:refused', '', 'three new component access tokens', '', 'WECHAT_COMPONENT_ACCESS_TOKEN_URL'],
    ['batch:canaries', '', 'first rows of a batch', '', 'is the sheet right'],
    ['api:retired', '', '2026-04-30', '', 'WECHAT_REGISTRATION_API=fastregisterenterpriseweapp'],
  ])('for %s says what was met, how often, since when, what to fix, and the command', async (...row) => {
    const [problem, because, what, said, fix] = row;
    const { blockedReason } = await sendingOf({ line: { problem, because, ...met } });
    expect(blockedReason?.problem).toBe(problem);
    const reason = blockedReason?.reason.en ?? '';
    for (const part of [what, said]) expect(reason).toContain(part);
    expect(reason).toContain(
      'Stopped since 21 Nov 11:59; met 22 times by 20 merchants in a row, first at 21 Nov 11:59.',
    );
    expect(blockedReason?.reason.zh).toContain('自 11 月 21 日 11:59 起停止；共 22 次，连续 20 个商户');
    expect(blockedReason?.nextStep.en).toContain(fix);
    for (const language of ['en', 'zh'] as const) {
      expect(blockedReason?.nextStep[language]).toContain('`fastregister resume`');
      expect(blockedReason?.nextStep[language]).not.toMatch(/^Nothing to do: (it is sent|WeChat's push)/);
    }
  });

  test('for an API that is offline says nothing of a setting that names another one already', async () => {
    const line = { problem: 'api:retired', because: 'system error', ...met };
    const { blockedReason } = await sendingOf({ line }, LIMITS, 'fastregisterenterpriseweapp');
    expect(blockedReason?.nextStep.en).not.toContain('Set WECHAT_REGISTRATION_API');
    expect(blockedReason?.nextStep.en).toContain('`fastregister resume`');
    const before = await sendingOf({ line }, LIMITS, 'fastregisterweapp');
    expect(before.blockedReason?.nextStep.en).toContain('Set WECHAT_REGISTRATION_API=fastregisterenterpriseweapp');
  });

  test('for -1 never advises an API: the successor answers so, too', async () => {
    for (const api of ['fastregisterweapp', 'fastregisterenterpriseweapp']) {
      const { blockedReason } = await sendingOf({ line: { problem: 'create:-1', ...met } }, LIMITS, api);
      expect(JSON.stringify(blockedReason)).not.toContain('WECHAT_REGISTRATION_API');
    }
  });

  test('says whether a fault stopped it or a person paused it', async () => {
    const reasonOf = async (problem: string, because: string) =>
      (await sendingOf({ line: { problem, because, at: NOON } })).blockedReason?.reason;
    expect(await reasonOf('operator:pause', '搬家')).toEqual({
      en: 'The line is paused: 搬家. Paused since 21 Nov 12:00.',
      zh: '提交已人工暂停：搬家。自 11 月 21 日 12:00 起暂停。',
    });
    expect((await reasonOf('call:lost', ''))?.zh).toMatch(/^提交因故障停止：.*起停止。/);
  });

  test('that opens by itself says when it is tried next, and does not end a run', async () => {
    const line = { problem: 'call:lost', because: 'HTTP 502', ...met };
    const probe = { at: NOON + MINUTE_MS, failed: 3 };
    const waiting = await sendingOf({ line: { ...line, probe } });
    expect(waiting.stopped).toBe(false);
    expect(waiting.blockedReason?.until).toBe(NOON + MINUTE_MS);
    expect(waiting.blockedReason?.reason.en).toMatch(/The next call is tried at 21 Nov 12:01; 3 failed so far\.$/);
    const due = await sendingOf({ line: { ...line, probe: { at: NOON, failed: 0 } } });
    expect(due.blockedReason?.reason.en).toMatch(/The next call is tried as soon as there is one\.$/);
    const halfOpen = await sendingOf({ line: { ...line, probe, halfOpen: true } });
    expect(halfOpen.blockedReason?.reason.en).toMatch(/One call is being tried now\.$/);
    const paused = await sendingOf({ line: { ...line, probe, paused: 'we move house' } });
    expect(paused.stopped).toBe(true);
    expect(paused.blockedReason?.reason.en).not.toContain('tried at');
  });

  test('is a person’s to repair after three calls that a page answered in vain: then a run ends', async () => {
    const stoppedAfter = async (problem: string, failed: number, at = NOON + MINUTE_MS) =>
      (await sendingOf({ line: { problem, ...met, probe: { at, failed } } })).stopped;
    expect([await stoppedAfter('call:page', 2), await stoppedAfter('call:page', 3)]).toEqual([false, true]);
    // The next run begins with the call that is due.
    expect(await stoppedAfter('call:page', 3, NOON - MINUTE_MS)).toBe(false);
    for (const problem of ['call:lost', 'call:not_sent', 'create:89247', 'create:-1']) {
      expect([problem, await stoppedAfter(problem, 50)]).toEqual([problem, false]);
    }
  });

  test('holds back the rows of a report that would be sent before it is tried next, and no others', () => {
    const blockedReason = {
      problem: 'call:lost',
      reason: { en: 'r', zh: 'r' },
      nextStep: { en: 'n', zh: 'n' },
      whoActs: 'us',
      until: NOON,
    } as const;
    const row = newRegistration('a', 'b/0');
    expect(heldBackBy(blockedReason, row)).toBe(blockedReason);
    expect(heldBackBy(blockedReason, { ...row, state: 'deferred', until: NOON - 1 })).toBe(blockedReason);
    expect(heldBackBy(blockedReason, { ...row, state: 'deferred', until: NOON + 1 })).toBeUndefined();
  });
});

test('a token that cannot be fetched says what came, since when, and when it is asked for again', async () => {
  const said = 'HTTP 407 and no JSON (text/html)';
  const wait = { why: 'page', ms: 60_000, since: NOON - 600_000, tries: 7, said } as const;
  const { blockedReason, stopped } = await sendingOf({ wait });
  expect(stopped).toBe(false);
  expect(blockedReason).toMatchObject({ problem: 'call:page' });
  expect(blockedReason?.reason.en).toContain(
    `What came: ${said}. No component access token since 21 Nov 11:50, asked for 7 times; the next time at 21 Nov 12:01.`,
  );
  expect(blockedReason?.nextStep.en).toContain('firewall');
});
