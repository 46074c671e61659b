import { describe, expect, test } from 'vitest';
import { localTime } from '../../src/domain/calendar.js';
import {
  newRegistration,
  type Registration,
  STATES,
  type State,
  WAITS,
  type Wait,
} from '../../src/domain/registration.js';
import type { RowWithOutcome } from '../../src/domain/row.js';
import { NOTHING_TO_DO } from '../../src/domain/words.js';
import { textFor } from '../../src/reporter/messages.js';
import { nextOf } from '../../src/reporter/next.js';
import { sentencesOfOther, superseded } from '../../src/reporter/other-rows.js';
import { type BlockedReason, type Circumstances, sentencesFor, troubleOf } from '../../src/reporter/sentences.js';
import { INTERNAL_PROBLEMS } from '../../src/reporter/troubles.js';
import { TABLES } from '../../src/wechat/answers.js';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-11-21T12:00+08:00');

const CIRCUMSTANCES: Circumstances = {
  otherRow: () => undefined,
  now: NOON,
  time: (at) => localTime(at, 'Asia/Shanghai', NOON),
};

function fateOf(changes: Partial<Registration>): RowWithOutcome & { registration: Registration } {
  const registration = { ...newRegistration('0123456789abcdef', 'b1/0'), ...changes };
  return {
    index: 0,
    row: { line: 2, cells: [], problems: [] },
    relation: { kind: 'registered', id: registration.id },
    registration,
  };
}

test('an older row says that a newer one has created the Mini Program, also while its appid is not known', () => {
  const failed = sentencesFor(fateOf({ state: 'rejected', problem: 'push:103' }), CIRCUMSTANCES);
  const newer = { line: 3, file: 'b2.csv', batch: 'b2', isOfThisFile: false, differing: [] };
  const { reason } = superseded(failed, { ...newer, leader: { row: 'b2/1', isCreated: true } });
  expect(reason.en).toContain('A newer row has created the Mini Program since: see line 3 of b2.csv (batch b2).');
  expect(reason.zh).toContain('此后较新的一行已创建小程序：请见');
});

test('a row of a merchant with a Mini Program says that its appid is not known, until it is', () => {
  const entry = fateOf({ state: 'created' });
  const relation = { kind: 'already_created' as const, id: entry.registration.id };
  const unknown = "An earlier batch created this merchant's Mini Program, whose appid is not known yet.";
  expect(sentencesOfOther(entry, relation, undefined).reason.en).toBe(unknown);
  const known = sentencesOfOther(fateOf({ state: 'created', appid: 'wx1' }), relation, undefined);
  expect(known.reason.en).toBe("An earlier batch created this merchant's Mini Program (wx1).");
});

test('a Mini Program that was created is not verified: the report says what comes next', () => {
  const plain = sentencesFor(fateOf({ state: 'created', appid: 'wx0123456789abcdef' }), CIRCUMSTANCES);
  const warned = fateOf({ state: 'created', appid: 'wx0123456789abcdef' });
  const problems = [{ code: 'sheet:spaces_repaired', cell: 'A2' }];
  const withWarning = sentencesFor({ ...warned, row: { ...warned.row, problems } }, CIRCUMSTANCES);
  for (const { nextStep, whoActs } of [plain, withWarning]) {
    expect(nextStep.en).toContain('verification and filing come next');
    expect(nextStep.zh).toContain('认证和备案');
    expect(whoActs).toBe('nobody');
  }
  expect(nextOf(warned.registration, CIRCUMSTANCES).zh).toMatch(/^已完成。.*认证和备案/);
});

test.each(['push:second_mini_program', 'push:created_from_another_row', 'push:created_with_other_details'])(
  'a created row with %s says what to do, in the report and beside the merchant, though it is authorised',
  (problem) => {
    const fate = fateOf({ state: 'created', appid: 'wx0123456789abcdef', authorizer: 'kept', problem });
    const { nextStep, whoActs } = sentencesFor(fate, CIRCUMSTANCES);
    expect(whoActs).toBe('us');
    expect(nextOf(fate.registration, CIRCUMSTANCES)).toMatchObject({ en: nextStep.en, acts: 'us' });
  },
);

describe('a row that is no longer retried', () => {
  test.each([
    ['create:89249', 'who else registers a Mini Program', '还有谁在为该企业注册小程序'],
    ['create:89247', 'Compare the code and its type', '核对企业代码及类型'],
    ['create:-1', "ask WeChat's support with the rid", '凭 rid 咨询微信客服'],
    ['create:91030', 'who else registers with this Weixin ID', '还有谁在用该微信号注册'],
  ])('for %s says what a person does now', (problem, en, zh) => {
    const fate = fateOf({ state: 'needs_review', problem, said: 'first · last' });
    const { nextStep, reason, whoActs } = sentencesFor(fate, CIRCUMSTANCES);
    expect(nextStep.en).toContain(en);
    expect(nextStep.zh).toContain(zh);
    expect(nextStep.en).not.toMatch(/Nothing to do/);
    expect(reason.en).toContain('first · last');
    expect(whoActs).toBe('us');
    expect(nextOf(fate.registration, CIRCUMSTANCES).en).toBe(nextStep.en);
  });

  test('is distinguished from a row that waits: the same answer says that it is sent again', () => {
    const fate = fateOf({ state: 'deferred', wait: 'busy', until: NOON + 1, problem: 'create:89249', attempt: 1 });
    expect(sentencesFor(fate, CIRCUMSTANCES).reason.en).toContain('It is sent again at');
  });

  test('is not said to be sent again where it was never sent', () => {
    const held = fateOf({ state: 'deferred', wait: 'person', until: NOON + 1 });
    const { reason } = sentencesFor(held, CIRCUMSTANCES);
    expect(reason.en).toContain('It is sent at');
    expect(reason.zh).not.toContain('再次');
    const explained = nextOf(held.registration, CIRCUMSTANCES);
    expect(explained).toMatchObject({ en: expect.stringMatching(/^It is sent later; /), by: NOON + 1 });
    expect(explained.zh).toMatch(/^到时提交；/);
    const withdrawn = fateOf({ state: 'cancelled', attempt: 3 });
    expect(sentencesFor(withdrawn, CIRCUMSTANCES).reason.en).not.toContain('before it was sent');
  });

  test.each(['create:89249', 'create:89247', 'create:-1', 'create:91030'])(
    'for %s does not say what the same answer says of a row that is tried again',
    (problem) => {
      const givenUp = fateOf({ state: 'needs_review', problem, said: 'words' });
      const wait = problem === 'create:89249' ? 'busy' : problem === 'create:91030' ? 'person' : 'again';
      const tried = fateOf({ state: 'deferred', wait, until: NOON + 1, problem, said: 'words' });
      const [now, then] = [givenUp, tried].map((fate) => sentencesFor(fate, CIRCUMSTANCES));
      expect(then).toMatchObject({
        outcome: 'pending',
        whoActs: 'nobody',
        nextStep: { en: expect.stringMatching(/^Nothing to do/) },
      });
      expect(now).toMatchObject({ outcome: 'needs_review', problem });
      expect(now?.nextStep).not.toEqual(troubleOf(problem)?.nextStep);
      expect(now?.reason.en).not.toContain(troubleOf(problem)?.en);
    },
  );
});

test.each([
  ['its turn', { state: 'queued' }, undefined, 'nobody'],
  ['a later time', { state: 'deferred', wait: 'busy', until: NOON + HOUR_MS }, undefined, 'nobody'],
  ['the next quota day', { state: 'queued' }, NOTHING_TO_DO, 'nobody'],
  ['what an operator has to do', { state: 'queued' }, { en: 'Resume it.', zh: '请恢复。' }, 'us'],
] as const)('a row that waits for %s names the side that has to act, if one has', (_, changes, nextStep, acts) => {
  const fate = fateOf(changes);
  const words = { en: 'It waits.', zh: '等待中。' };
  const blockedReason = nextStep && { problem: 'quota:day', reason: words, nextStep, whoActs: 'us' as const };
  expect(sentencesFor(fate, { ...CIRCUMSTANCES, blockedReason }).whoActs).toBe(acts);
  expect(nextOf(fate.registration, { ...CIRCUMSTANCES, blockedReason }).acts).toBe(acts);
});

test.each(['queued', 'submitting', 'deferred'] as const)('the table of states names the same side for %s', (state) => {
  const fate = fateOf({ state });
  expect(STATES[state].acts).toBe('nobody');
  expect(sentencesFor(fate, CIRCUMSTANCES).whoActs).toBe(STATES[state].acts);
  expect(nextOf(fate.registration, CIRCUMSTANCES).acts).toBe(STATES[state].acts);
});

/** Every problem that a registration can have, of WeChat's codes and of ours. */
const PROBLEMS = [
  undefined,
  ...Object.keys(INTERNAL_PROBLEMS),
  ...Object.entries(TABLES).flatMap(([table, { codes }]) => Object.keys(codes).map((code) => `${table}:${code}`)),
  ...['push:unknown-status', 'create:12345', 'sheet:code_length'],
];

test.each(Object.keys(STATES) as State[])(
  'explain names the side that the report of the row names, whatever the problem and the time: %s',
  (state) => {
    const differing: object[] = [];
    const waits = state === 'deferred' ? [undefined, ...(Object.keys(WAITS) as Wait[])] : [undefined];
    const links = state === 'awaiting_legal_person' ? [undefined, 'https://link'] : [undefined];
    const authorizers = state === 'created' ? ([undefined, 'due', 'kept', 'lost', 'withdrawn'] as const) : [undefined];
    const standstills = [undefined, { en: 'Resume it.', zh: '请恢复。' }, NOTHING_TO_DO].map(
      (nextStep) => nextStep && { problem: 'x:y', reason: nextStep, nextStep, whoActs: 'us' as const },
    );
    for (const problem of PROBLEMS)
      for (const wait of waits)
        for (const authorizeUrl of links)
          for (const byLink of state === 'awaiting_legal_person' ? [undefined, true as const] : [undefined])
            for (const authorizer of authorizers)
              for (const hoursAgo of [1, 21.5, 23.9, 24, 25])
                for (const until of [undefined, NOON - 1, NOON + HOUR_MS])
                  for (const blockedReason of standstills) {
                    const sentAt = NOON - hoursAgo * HOUR_MS;
                    const changes = { state, problem, wait, authorizeUrl, byLink, authorizer, sentAt, until };
                    const fate = fateOf(changes);
                    const present = { ...CIRCUMSTANCES, blockedReason };
                    const [reported, explained] = [sentencesFor(fate, present), nextOf(fate.registration, present)];
                    if (reported.whoActs !== explained.acts) differing.push(changes);
                    const isOver = /Nothing to do: it continues/.test(reported.nextStep.en);
                    if (isOver && /legal person (confirms|opens)/.test(explained.en)) differing.push(changes);
                  }
    expect(differing).toEqual([]);
  },
);

test('a row whose 24 hours are over waits for no side, in the words of the report', () => {
  const sentAt = NOON - 24 * HOUR_MS;
  const fate = fateOf({ state: 'awaiting_legal_person', sentAt, until: NOON + HOUR_MS });
  expect(nextOf(fate.registration, CIRCUMSTANCES)).toEqual({
    en: expect.stringMatching(/24 hours are over.*Nothing to do/),
    zh: expect.stringContaining('无需操作'),
    by: NOON + HOUR_MS,
    acts: 'nobody',
  });
  // A search that is late names no time, as in the report.
  expect(nextOf({ ...fate.registration, until: NOON }, CIRCUMSTANCES).by).toBeUndefined();
});

describe('a row that waits for a blockedReason and a time of its own names the later of the two', () => {
  const words = { en: 'Sending goes on at midnight.', zh: '午夜继续。' };
  const midnight: BlockedReason = {
    problem: 'quota:day',
    reason: words,
    nextStep: { en: '', zh: '' },
    whoActs: 'us',
    until: NOON + 12 * HOUR_MS,
  };
  const { until: _, ...nobodyKnows } = midnight;
  const waits = (wait: Wait, hours: number) => fateOf({ state: 'deferred', wait, until: NOON + hours * HOUR_MS });

  test.each([
    ['the registry for days', 'not_before', 400],
    ["somebody else's task until tomorrow", 'busy', 24],
    ['its enterprise until tomorrow', 'enterprise', 24],
    ['the next day of its Weixin ID, where sending hours end first', 'person', 13],
  ] as const)('waiting for %s', (_, wait, hours) => {
    const fate = waits(wait, hours);
    const { reason, problem } = sentencesFor(fate, { ...CIRCUMSTANCES, blockedReason: midnight });
    expect(reason.en).toContain(WAITS[wait].en);
    expect(reason.en).toContain(CIRCUMSTANCES.time(NOON + hours * HOUR_MS).en);
    expect(problem).toBe('');
    expect(nextOf(fate.registration, { ...CIRCUMSTANCES, blockedReason: midnight })).toMatchObject({
      by: NOON + hours * HOUR_MS,
    });
  });

  test.each([
    ['the next day, which begins when the calls come back', waits('person', 12), midnight],
    ['another try in an hour', waits('again', 1), midnight],
    ['its turn', fateOf({ state: 'queued' }), midnight],
    ['days, while the line is stopped and nobody knows until when', waits('not_before', 400), nobodyKnows],
  ] as const)('waiting for %s', (_, fate, blockedReason) => {
    expect(sentencesFor(fate, { ...CIRCUMSTANCES, blockedReason })).toMatchObject({
      problem: 'quota:day',
      reason: words,
    });
    expect(nextOf(fate.registration, { ...CIRCUMSTANCES, blockedReason }).en).toContain(words.en);
  });

  test('unless it was sent: then nothing holds it back', () => {
    const fate = fateOf({ state: 'submitting', sentAt: NOON, until: NOON + HOUR_MS });
    expect(sentencesFor(fate, { ...CIRCUMSTANCES, blockedReason: midnight }).reason).not.toEqual(words);
  });
});

test('a row in review of which nothing more is known says what to ask, and how to go on', () => {
  const { nextStep, whoActs } = sentencesFor(fateOf({ state: 'needs_review' }), CIRCUMSTANCES);
  expect(nextStep.en).toMatch(
    /`fastregister reconcile`.*ask the merchant whether.*`fastregister retry 0123456789abcdef --only needs_review`/,
  );
  expect(whoActs).toBe('us');
});

test('in Chinese a file that a row names stands in quotation marks, in the middle of the sentence too', () => {
  const other = { line: 7, file: 'm.csv', batch: 'b2', isOfThisFile: false, differing: [] };
  const waiting = { ...fateOf({}), relation: { kind: 'waits', id: '0123456789abcdef' } } as const;
  const { reason } = sentencesFor(waiting, { ...CIRCUMSTANCES, otherRow: () => other });
  expect(reason.zh).toMatch(/^等待“m\.csv”第 7 行（批次 b2）的结果：/);
});

test('a row with a code that the API does not take says so only where the task that it joined has failed', () => {
  const problems = [{ code: 'sheet:code_type_refused', cell: 'B2', detail: '2' }];
  const reasonOf = (changes: Partial<Registration>) => {
    const fate = fateOf(changes);
    return sentencesFor({ ...fate, row: { ...fate.row, problems } }, CIRCUMSTANCES).reason.en;
  };
  for (const state of ['awaiting_legal_person', 'created'] as const)
    expect(reasonOf({ state })).not.toContain('does not take this type of code');
  expect(reasonOf({ state: 'rejected', problem: 'push:103' })).toContain('B2: the registration API in use');
});

describe('a row whose outcome is not known', () => {
  test('is looked for in WeChat’s list of accounts before it is sent again', () => {
    const { nextStep } = sentencesFor(fateOf({ state: 'needs_review', problem: 'push:overdue' }), CIRCUMSTANCES);
    for (const [text, again] of [
      [nextStep.en, 'send it again'],
      [nextStep.zh, '重新提交'],
    ] as const) {
      expect(text.indexOf('`fastregister reconcile`')).toBeGreaterThan(-1);
      expect(text.indexOf('`fastregister reconcile`')).toBeLessThan(text.indexOf(again));
    }
  });
});

describe('a row that stays silent', () => {
  const sentAt = NOON - HOUR_MS;
  const later = NOON + 25 * HOUR_MS;

  test.each([
    [undefined, 'It is not sent again'],
    [true as const, 'nobody has the link'],
  ])('and has no answer says what follows, by link: %s', (byLink, follows) => {
    const fate = fateOf({ state: 'submitting', byLink, sentAt, until: later, problem: 'call:lost' });
    const { reason, problem, whoActs, nextStep } = sentencesFor(fate, CIRCUMSTANCES);
    expect(reason.en).toContain(follows);
    expect([problem, whoActs]).toEqual(['call:lost', 'nobody']);
    for (const language of ['en', 'zh'] as const) {
      const words = reason[language];
      expect(words).toContain(CIRCUMSTANCES.time(later)[language]);
      expect(words).not.toContain('{time}');
    }
    expect(nextStep.en).toContain('Nothing to do');
  });

  test('and whose task a search finds running asks the legal person, and says until when', () => {
    const fate = fateOf({ state: 'awaiting_legal_person', sentAt, until: later, problem: 'search:89251' });
    const sentences = sentencesFor(fate, CIRCUMSTANCES);
    expect(sentences.whoActs).toBe('legal_person');
    // Its name, its sender, its delay, and that it goes to the Weixin ID of the row.
    expect(sentences.nextStep.en).toMatch(
      /“创建小程序申请”.*“公众平台安全助手”.*Weixin ID of this row.*minutes, sometimes more than ten/,
    );
    expect(sentences.nextStep.zh).toMatch(/“公众平台安全助手”.*“创建小程序申请”.*所填的法人微信号.*几分钟到十几分钟/);
    for (const language of ['en', 'zh'] as const) {
      expect(sentences.reason[language]).toContain(CIRCUMSTANCES.time(sentAt + 24 * HOUR_MS)[language]);
    }
  });

  test('and was accepted without a link waits for us, whichever API is set now', () => {
    const fate = fateOf({ state: 'awaiting_legal_person', byLink: true, taskId: 't1', sentAt, until: later });
    const sentences = sentencesFor(fate, CIRCUMSTANCES);
    expect(sentences.whoActs).toBe('us');
    expect(sentences.reason.en).toMatch(/^WeChat accepted the task, but no link/);
    expect(sentences.nextStep.en).toMatch(/^Nothing to do now: there is no link to hand over/);
    expect(nextOf(fate.registration, CIRCUMSTANCES)).toMatchObject({
      acts: 'us',
      en: expect.stringMatching(/no link/),
    });
    const context = { now: NOON, time: CIRCUMSTANCES.time };
    expect(textFor(fate, 'pending', '', context)).toEqual({ en: '', zh: '' });
  });

  test('calls for no action once the 24 hours are over', () => {
    const sentLongAgo = NOON - 25 * HOUR_MS;
    const fate = fateOf({ state: 'awaiting_legal_person', sentAt: sentLongAgo, until: later, problem: 'search:89250' });
    const sentences = sentencesFor(fate, CIRCUMSTANCES);
    expect(sentences.whoActs).toBe('nobody');
    expect(sentences.nextStep.en).toContain('Nothing to do');
    expect(sentences.reason.en).toMatch(/24 hours are over, and WeChat has not pushed the result.*followed up at/);
  });

  test('and was unfinished when its time was over is the legal person’s, with the step that WeChat named', () => {
    const sentences = sentencesFor(fateOf({ state: 'expired', problem: 'query:7', said: '' }), CIRCUMSTANCES);
    expect(sentences).toMatchObject({ outcome: 'expired', problem: 'query:7', whoActs: 'legal_person' });
    expect(sentences.reason.en).toMatch(/shows the registration unfinished.*WeChat reports step 7\./);
    expect(sentences.reason.zh).toMatch(/微信显示注册未完成.*微信进度编号：7。/);
    expect(sentences.nextStep.en).toContain('send it again');
    expect(nextOf(fateOf({ state: 'expired', problem: 'query:7' }).registration, CIRCUMSTANCES)).toMatchObject({
      acts: 'legal_person',
      en: sentences.nextStep.en,
    });
  });

  test('and is sent again because its link was lost says why, while it waits and when a person has to look', () => {
    const waiting = sentencesFor(fateOf({ state: 'queued', problem: 'link:lost' }), CIRCUMSTANCES);
    expect(waiting).toMatchObject({ outcome: 'pending', problem: 'link:lost', whoActs: 'nobody' });
    expect(waiting.reason.en).toMatch(/nobody could open it; its 24 hours are over\. It waits for its turn/);
    const given = sentencesFor(fateOf({ state: 'needs_review', problem: 'link:lost' }), CIRCUMSTANCES);
    expect(given.nextStep.en).toContain('check the network');
    expect(given.nextStep.zh).toContain('请检查本服务器与微信之间的网络及代理');
  });
});

describe('what WeChat said', () => {
  test('is not claimed of words that are ours, of a call without an answer', () => {
    const overdue = { state: 'needs_review', problem: 'push:overdue' } as const;
    const { reason } = sentencesFor(fateOf({ ...overdue, said: 'no answer in time' }), CIRCUMSTANCES);
    expect(reason.en).toMatch(/What came: no answer in time$/);
    expect(reason.zh).toMatch(/收到的是：超时未应答$/);
  });

  const words = (changes: Partial<Registration>) => {
    const { reason } = sentencesFor(fateOf({ said: 'try later rid: 65aa-1', ...changes }), CIRCUMSTANCES);
    return [reason.en, reason.zh].map((text) => /(?:WeChat said: |微信原文：)(.*)$/.exec(text)?.[1]);
  };

  test('is shown with its code to the person who reviews a row, and if the code is unknown or has many causes', () => {
    for (const [state, problem, code] of [
      ['needs_review', 'create:89249', '89249'],
      ['rejected', 'later:4711', '4711'],
      ['rejected', 'create:-1', '-1'],
    ] as const) {
      expect(words({ state, problem })).toEqual(Array(2).fill(`${code} try later rid: 65aa-1`));
    }
  });

  test('has no code in front where WeChat gave none', () => {
    for (const problem of ['push:no_status', 'push:no_appid']) {
      expect(words({ state: 'needs_review', problem, said: 'OK' })).toEqual(['OK', 'OK']);
    }
  });

  test('has its code in front if it is the last word on a row that is no longer retried', () => {
    const said = 'search:89250 try later';
    expect(words({ state: 'needs_review', problem: 'push:overdue', said })).toEqual([said, said]);
  });

  test('is not shown to the merchant where we have words of our own, nor of a row that is created', () => {
    const nothing = [undefined, undefined];
    expect(words({ state: 'rejected', problem: 'create:61070' })).toEqual(nothing);
    expect(words({ state: 'created', problem: 'authorize:61010' })).toEqual(nothing);
    expect(words({ state: 'needs_review', problem: 'create:89249', said: '' })).toEqual(nothing);
    expect(words({ state: 'needs_review', problem: undefined })).toEqual(nothing);
  });
});

test('what WeChat said is set off from the sentence behind it, in both languages', () => {
  const problems = [{ code: 'sheet:spaces_repaired', cell: 'A2' }];
  const fate = fateOf({ state: 'needs_review', problem: 'create:4711', said: 'who knows rid: 5f3e' });
  const { reason } = sentencesFor({ ...fate, row: { ...fate.row, problems } }, CIRCUMSTANCES);
  expect(reason.zh).toContain('微信原文：4711 who knows rid: 5f3e；A2：首尾');
  expect(reason.en).toContain('WeChat said: 4711 who knows rid: 5f3e; A2: spaces');
});

describe('times', () => {
  test('a row that may be sent again later says from when on, after what to do', () => {
    const until = NOON + 15 * 24 * HOUR_MS;
    const rejected = { state: 'rejected', problem: 'push:105', appid: undefined } as const;
    const { nextStep } = sentencesFor(fateOf({ ...rejected, until }), CIRCUMSTANCES);
    const at = CIRCUMSTANCES.time(until);
    expect(nextStep.en).toMatch(new RegExp(` Unless it is sent earlier, it waits until ${at.en}\\.$`));
    expect(nextStep.zh).toMatch(new RegExp(`如不提前提交，将等到 ${at.zh}。$`));
    expect(sentencesFor(fateOf(rejected), CIRCUMSTANCES).nextStep.en).not.toContain('Unless it is sent earlier');
    expect(nextOf(fateOf({ ...rejected, until }).registration, CIRCUMSTANCES)).toMatchObject({ by: until });
  });

  test('a row that waits for the legal person has 24 hours from its create, with a link or without', () => {
    const sentAt = NOON - HOUR_MS;
    const by = sentAt + 24 * HOUR_MS;
    const { registration } = fateOf({ state: 'awaiting_legal_person', sentAt, until: NOON + 25 * HOUR_MS });
    expect(nextOf(registration, CIRCUMSTANCES)).toMatchObject({ acts: 'legal_person', by });
    const linked = nextOf({ ...registration, authorizeUrl: 'https://example.com/link' }, CIRCUMSTANCES);
    expect(linked).toMatchObject({ acts: 'legal_person', by });
    expect(linked.en).toContain('https://example.com/link');
    expect(linked.zh).toContain('https://example.com/link');
  });

  test('a row that is sent again, or has no answer yet, says when', () => {
    for (const state of ['deferred', 'submitting'] as const) {
      expect(nextOf(fateOf({ state, until: NOON + 1 }).registration, CIRCUMSTANCES)).toMatchObject({
        acts: 'nobody',
        by: NOON + 1,
      });
      expect(nextOf(fateOf({ state }).registration, CIRCUMSTANCES)).not.toHaveProperty('by');
    }
  });
});

describe('a Mini Program that exists', () => {
  const nextFor = (changes: Partial<Registration>) =>
    nextOf(fateOf({ state: 'created', appid: 'wx1', ...changes }).registration, CIRCUMSTANCES);

  test('whose authorisation was lost or withdrawn calls for the merchant', () => {
    for (const [authorizer, problem] of [
      ['lost', 'authorize:61010'],
      ['withdrawn', 'authorize:withdrawn'],
    ] as const) {
      expect(nextFor({ authorizer, problem }).acts).toBe('merchant');
    }
  });

  test('that only a query has reported, or whose code is being exchanged, is not done', () => {
    expect(nextFor({ appid: undefined, problem: 'query:12' }).en).not.toMatch(/^It is done/);
    expect(nextFor({ authorizer: 'due' })).toMatchObject({ acts: 'nobody', en: expect.stringContaining('exchanged') });
  });

  test('and is authorised is done', () => {
    const done = { acts: 'nobody', en: expect.stringMatching(/^It is done/) };
    expect(nextFor({ authorizer: 'kept' })).toMatchObject(done);
  });
});

describe('an invalid row', () => {
  test('names first what stops it, not what was only repaired, and who can fix that', () => {
    const problems = [
      { code: 'sheet:spaces_repaired', cell: 'A2' },
      { code: 'sheet:code_missing', cell: 'B2' },
    ];
    const row = { line: 2, cells: [], problems };
    const sentences = sentencesFor(
      { index: 0, row, relation: { kind: 'refused' }, registration: undefined },
      CIRCUMSTANCES,
    );
    expect(sentences).toMatchObject({ outcome: 'invalid', problem: 'sheet:code_missing', whoActs: 'merchant' });
    expect(sentences.reason.en).toBe('B2: the enterprise code is missing.');
  });

  test('that another registration API would have accepted says so, and who can fix it', () => {
    const fate = fateOf({ state: 'invalid', problem: 'sheet:code_type_refused' });
    const sentences = sentencesFor(fate, CIRCUMSTANCES);
    expect(sentences).toMatchObject({ outcome: 'invalid', whoActs: 'merchant' });
    expect(sentences.reason.en).toMatch(/does not take this type of code\.$/);
    expect(sentences.reason.zh).toMatch(/不接受此类代码。$/);
    expect(sentences.nextStep.en).toMatch(/^Ask the merchant/);
    expect(nextOf(fate.registration, CIRCUMSTANCES)).toMatchObject({ acts: 'merchant', en: sentences.nextStep.en });
  });

  test('of a version that knew another problem is ours to look at', () => {
    const row = {
      line: 2,
      cells: [],
      problems: [
        { code: 'sheet:spaces_repaired', cell: '' },
        { code: 'sheet:of_old', cell: '' },
      ],
    };
    const fate = { index: 0, row, relation: { kind: 'refused' }, registration: undefined } as const;
    expect(sentencesFor(fate, CIRCUMSTANCES)).toMatchObject({ problem: 'sheet:of_old', whoActs: 'us' });
  });
});
