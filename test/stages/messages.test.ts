/** What a clerk forwards to the merchant: complete for everything that is the merchant's move, and silent about the rest. */
import { describe, expect, test } from 'vitest';
import { localTime } from '../../src/domain/calendar.js';
import { PROBLEMS } from '../../src/domain/problems.js';
import type { Outcome, Registration } from '../../src/domain/registration.js';
import { newRegistration } from '../../src/domain/registration.js';
import type { RowWithOutcome } from '../../src/domain/row.js';
import { messageFor, REJECTED } from '../../src/reporter/messages.js';
import { CREATE, PUSH, QUERY } from '../../src/wechat/answers.js';
import { HOUR_MS } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';

const NOW = Date.UTC(2026, 10, 21, 4);
const context = { now: NOW, time: (at: number) => localTime(at, 'Asia/Shanghai', NOW) };

function rowOf(state: Partial<Registration>): RowWithOutcome {
  return {
    index: 0,
    row: { line: 2, cells: [], merchant: merchant(1), problems: [] },
    relation: { kind: 'registered', id: 'a'.repeat(16) },
    registration: { ...newRegistration('a'.repeat(16), 'b1/0'), ...state },
  };
}

const forwarded = (row: RowWithOutcome, outcome: Outcome, problem = '') => messageFor(row, outcome, problem, context);

test('every answer for which the merchant has to act has a text', () => {
  const codes = Object.entries({ ...CREATE, ...PUSH, ...QUERY })
    .filter(([, { acts, fact }]) => acts === 'merchant' && /refused|failed/.test(fact))
    .map(([code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !Object.hasOwn(REJECTED, code))).toEqual([]);
});

test('each problem that the merchant can answer asks for what is missing, unless the cell has to be corrected by hand', () => {
  const refused = (code: string): RowWithOutcome => ({
    index: 0,
    row: { line: 2, cells: [], problems: [{ code, cell: 'A2' }] },
    relation: { kind: 'refused' },
    registration: undefined,
  });
  const silent = Object.entries(PROBLEMS)
    .filter(([, { who, severity }]) => who === 'merchant' && severity === 'error')
    .map(([code]) => code)
    .filter((code) => forwarded(refused(code), 'invalid', code).zh === '');
  expect(silent).toEqual(['sheet:resident_id', 'sheet:old_resident_id']);
  expect(forwarded(refused('sheet:wechat_missing'), 'invalid').zh).toContain('微信号');
});

test('a row that our checks refused is addressed by its name, unless that is at fault, and has the default number', () => {
  const refused = (...codes: string[]): RowWithOutcome => ({
    index: 0,
    row: { line: 2, cells: ['虚构甲有限公司', '91'], problems: codes.map((code) => ({ code, cell: 'A2' })) },
    relation: { kind: 'refused' },
    registration: undefined,
  });
  const to = { ...context, columns: [0, 1, -1, -1, -1, -1], defaultPhone: '4000000000' };
  expect(messageFor(refused('sheet:code_length'), 'invalid', 'sheet:code_length', to).zh).toMatch(
    /^虚构甲有限公司，您好！.*如有疑问，请致电 4000000000。$/,
  );
  // The row's own number goes before it, unless it was refused.
  const withPhone = { ...to, columns: [0, 1, -1, -1, -1, 2] };
  const own = (code: string) => {
    const row = refused(code);
    const cells = ['虚构甲有限公司', '91', ' 0592-1000001'];
    return messageFor({ ...row, row: { ...row.row, cells } }, 'invalid', code, withPhone).zh;
  };
  expect(own('sheet:code_length')).toMatch(/请致电 0592-1000001。$/);
  expect(own('sheet:phone_shape')).not.toContain('0592');
  const nameless = refused('sheet:name_shape');
  expect(messageFor(nameless, 'invalid', 'sheet:name_shape', to).zh).toMatch(/^您好！/);
});

test('it names the number to call back, and where there is none it asks for an answer', () => {
  const row = rowOf({ state: 'created' });
  const { componentPhone } = merchant(1);
  expect(forwarded(row, 'created').zh).toMatch(new RegExp(`如有疑问，请致电 ${componentPhone}。$`));
  const mute = { ...row, row: { ...row.row, merchant: { ...merchant(1), componentPhone: '' } } };
  expect(forwarded(mute, 'created').zh).toMatch(/。如有疑问，请直接回复本消息。$/);
  expect(forwarded(mute, 'created').en).toMatch(/\. If you have questions, please answer this message\.$/);
});

describe('while the legal person has time', () => {
  const waiting = { state: 'awaiting_legal_person', sentAt: NOW - 20 * HOUR_MS } as const;

  test('it names the message, its sender, the Weixin ID, the time and the person to call back', () => {
    const { en, zh } = forwarded(rowOf(waiting), 'pending');
    for (const part of ['创建小程序申请', '公众平台安全助手', merchant(1).legalPersonaWechat]) {
      expect(zh).toContain(part);
      expect(en).toContain(part);
    }
    expect(zh).toContain('在 11 月 21 日 16:00 前打开');
    expect(en).toContain('Before 21 Nov 16:00, please');
    expect(zh).toMatch(new RegExp(`^${merchant(1).name}，您好！.*请致电 ${merchant(1).componentPhone}。$`, 's'));
  });

  test('it has the link where there is one', () => {
    const { zh } = forwarded(rowOf({ ...waiting, authorizeUrl: 'https://example.com/a' }), 'pending');
    expect(zh).toContain('https://example.com/a');
    expect(zh).not.toContain('创建小程序申请');
  });

  test('it says nothing when the 24 hours are over, or the row was not sent yet', () => {
    const late = { ...waiting, sentAt: NOW - 25 * HOUR_MS };
    expect(forwarded(rowOf(late), 'pending').zh).toBe('');
    expect(forwarded(rowOf({ ...late, authorizeUrl: 'https://example.com/a' }), 'pending').zh).toBe('');
    expect(forwarded(rowOf({ state: 'queued' }), 'pending').zh).toBe('');
  });
});

test('a merchant with a new Mini Program reads what comes next, and one that has to authorise again how', () => {
  expect(forwarded(rowOf({ state: 'created', appid: 'wx1' }), 'created').zh).toMatch(/认证和备案.*线下类目/);
  expect(forwarded(rowOf({ state: 'created' }), 'created', 'authorize:61010').zh).toContain('第三方平台授权管理');
});

test.each([
  ['push:1003', /解绑不再使用的账号（无需注销）/],
  ['push:1005', /手机号从不再使用的账号解绑/],
  ['push:1007', /请注销不再使用的账号/],
  ['push:-1', /也可能是其他问题/],
  ['query:11', /未说明原因/],
])('%s asks the merchant for what ends it, and for nothing that cannot be undone without need', (problem, asks) => {
  expect(forwarded(rowOf({ state: 'rejected' }), 'rejected', problem).zh).toMatch(asks);
});

test('a problem that the staff has to settle has no message to forward', () => {
  expect(forwarded(rowOf({ state: 'needs_review' }), 'needs_review', 'push:overdue').zh).toBe('');
  expect(forwarded(rowOf({ state: 'cancelled' }), 'cancelled').zh).toBe('');
});
