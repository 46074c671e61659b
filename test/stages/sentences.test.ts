import { describe, expect, test } from 'vitest';
import { newRegistration, type Registration } from '../../src/domain/registration.js';
import type { RowWithFate } from '../../src/redis/batches.js';
import { nextOf } from '../../src/reporter/next.js';
import { type Circumstances, sentencesFor } from '../../src/reporter/sentences.js';

const NOON = Date.parse('2026-11-21T12:00+08:00');

const CIRCUMSTANCES: Circumstances = {
  lineOf: () => 2,
  now: NOON,
  invitation: { en: '', zh: '' },
  time: (at) => new Date(at).toISOString(),
};

function fateOf(changes: Partial<Registration>): RowWithFate & { registration: Registration } {
  const registration = { ...newRegistration('0123456789abcdef', 'b1/0'), ...changes };
  return {
    index: 0,
    row: { line: 2, cells: [], problems: [] },
    relation: { kind: 'registered', id: registration.id },
    registration,
  };
}

describe('a row that was given up', () => {
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
    expect(nextOf(fate.registration, undefined).en).toBe(nextStep.en);
  });

  test('is told apart from one that waits: the same answer says that it is sent again', () => {
    const fate = fateOf({ state: 'deferred', wait: 'busy', until: NOON + 1, problem: 'create:89249' });
    expect(sentencesFor(fate, CIRCUMSTANCES).reason.en).toContain('It is sent again at');
  });
});
