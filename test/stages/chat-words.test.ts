/** What a team reads in its chat. */
import { describe, expect, test } from 'vitest';
import type { Notice } from '../../src/domain/notice.js';
import type { RobotName } from '../../src/domain/robot.js';
import { type Chat, fitting } from '../../src/notices/chat.js';
import { isNews } from '../../src/notices/chat-words.js';
import { WIRES } from '../../src/notices/robots.js';

const NOW = Date.parse('2026-11-21T15:10:00Z');

function chatOf(robot: RobotName, changes: Partial<Chat> = {}): Chat {
  return {
    robot,
    url: 'https://robot.example',
    language: 'zh',
    timezone: 'Asia/Shanghai',
    ledger: 'default',
    isRehearsal: false,
    ...changes,
  };
}

/** As a WeCom robot shows it. */
function textOf(notices: readonly Notice[], changes: Partial<Chat> = {}): string {
  const { message } = fitting(chatOf('wecom', changes), notices, NOW);
  return (WIRES.wecom.body(message) as { markdown: { content: string } }).markdown.content;
}

const notice = (type: string, data: Notice['data'] = {}, more: Partial<Notice> = {}): Notice => ({
  id: type,
  type,
  at: NOW,
  data,
  ...more,
});

const night = (data: Notice['data'] = {}, chat: Notice['data'] = {}): Notice =>
  notice(
    'night.ended',
    {
      night: '2026-11-21',
      schedule: 'nightly',
      ending: 'done',
      stopped_by: null,
      files: 2,
      rejected_files: 0,
      outcomes: { created: 812, rejected: 31, expired: 4 },
      calls: { used_tonight: 900, limit: 1000, left: 100 },
      ...data,
    },
    { chat: { to_call: 35, awaiting: 0, ...chat } },
  );

const link = (number: number, endsAt = '2026-11-22T01:30:00+08:00'): Notice =>
  notice('link.ending', {
    registration_id: 'mfrggzdfmztwq2lk',
    batch: 'b1',
    line: number,
    authorize_url: `https://mp.weixin.qq.com/authorize?task=${number}`,
    ends_at: endsAt,
  });

describe('of a night', () => {
  test('whose folder cannot be read, it says what to do', () => {
    const fault = { reason: { en: 'r', zh: '原因' }, next_step: { en: 'n', zh: '做法' } };
    const failed = { ending: 'failed', files: 0, rejected_files: 0, outcomes: {} };
    expect(textOf([night(failed, fault)])).toMatch(
      /⚠️ 夜间任务 2026-11-21：无法读取收件文件夹[\s\S]*原因[\s\S]*处理办法：做法/,
    );
  });

  test('are counts by outcome, how many to call, and the calls', () => {
    expect(textOf([night()])).toBe(
      [
        '### 【fastregister】✅ 夜间任务 2026-11-21：全部行已有结果',
        '',
        '结果：已创建 812，微信未通过 31，已过期 4',
        '需要联系的商户：35 家（名单：控制台“待联系”，或 `fastregister todo`）',
        '调用：本次已用 900 次，今日剩余 100 / 1000 次',
      ].join('\n'),
    );
  });

  test('are a link to the console, and the legal persons who still have to confirm', () => {
    const text = textOf([night({ ending: 'submitted' }, { awaiting: 140 })], {
      publicUrl: 'https://console.example/(x)',
    });
    expect(text).toContain('目前可提交的行已全部提交，部分结果尚未返回');
    expect(text).toContain('等待法人确认：140 家');
    expect(text).toMatch(/\[查看详情\]\(https:\/\/console\.example\/%28x%29\)$/);
  });

  test('that was stopped are the reason and what to do', () => {
    const stopped = {
      reason: { en: 'The quota is used up.', zh: '今日额度已用完。' },
      next_step: { en: 'Nothing.', zh: '明日自动继续。' },
    };
    const text = textOf([night({ ending: 'stopped', rejected_files: 1 }, stopped)]);
    expect(text).toContain('⚠️ 夜间任务 2026-11-21：中途停止');
    expect(text).toContain('今日额度已用完。\n处理办法：明日自动继续。');
    expect(text).toContain('未能导入的文件：1 个（原因见收件文件夹下的 `rejected`）');
  });

  test('without a file, in which rows of an earlier one were sent, are the calls', () => {
    const text = textOf([night({ files: 0, outcomes: {} }, { to_call: null })]);
    expect(text).toContain('夜间任务 2026-11-21：没有新文件');
    expect(text).toContain('本次已用 900 次');
    expect(text).not.toContain('结果：');
  });

  test('in which nothing was done are none, unless it was stopped', () => {
    const nothing = { files: 0, outcomes: {}, calls: { used_tonight: 0, limit: 1000, left: 1000 } };
    expect(isNews(night(nothing))).toBe(false);
    expect(textOf([night(nothing), notice('line.resumed')])).not.toContain('夜间任务');
    expect(isNews(night({ ...nothing, ending: 'stopped' }))).toBe(true);
  });

  test('without anybody to call say so', () => {
    expect(textOf([night({}, { to_call: 0 })])).toContain('没有需要联系的商户。');
  });
});

test.each([
  ['line.stopped', { problem: 'operator:pause', reason: { en: 'e', zh: '维护' } }, '⚠️ 提交已被人工暂停'],
  ['line.stopped', { problem: 'call:lost', opens_by_itself: true }, '⚠️ 提交已停止，系统会自动重试'],
  ['line.stopped', { problem: 'create:61004' }, '🔴 提交已停止，需要处理'],
  ['line.resumed', {}, '✅ 提交已自动恢复'],
  [
    'quota.ended',
    { day: '2026-11-21', used: 1000, goes_on_at: '2026-11-21T16:00:00.000Z' },
    '已用 1000 次，11 月 22 日 00:00 后自动继续提交。',
  ],
  ['workers.missing', { reason: { en: 'e', zh: '没有 worker' } }, '🔴 没有工作进程在运行，提交已中断'],
  ['workers.back', { workers: 2 }, '✅ 工作进程已恢复运行（2 个）'],
  ['ledger.restored', { facts: 3, pushes: 1 }, '已恢复：3 条记录、1 条推送'],
  [
    'batch.done',
    { batch: 'b1', outcomes: { created: 5, needs_review: 1 } },
    '批次 b1 已全部有结果\n\n结果：已创建 5，需人工核实 1',
  ],
  ['test', {}, '✅ 测试消息'],
])('%s with %o says what happened', (type, data, says) => {
  expect(textOf([notice(type, data)])).toContain(says);
});

test('times in the sentences of status are on the clock on the wall', () => {
  const reason = { en: 'Stopped since 2026-11-21T22:09:30+08:00.', zh: '自 2026-11-21T14:09:30.000Z 起暂停。' };
  expect(textOf([notice('line.stopped', { problem: 'x', reason })])).toContain('自 11 月 21 日 22:09 起暂停。');
  const english = textOf([notice('line.stopped', { problem: 'x', reason })], { language: 'en' });
  expect(english).toContain('Stopped since 21 Nov 22:09.');
});

test('a batch whose night is reported a moment later is no news', () => {
  const data = { batch: 'b1', outcomes: { created: 5 } };
  expect(isNews(notice('batch.done', data, { chat: { reported_by_night: true } }))).toBe(false);
  expect(isNews(notice('batch.done', data, { chat: { reported_by_night: false } }))).toBe(true);
});

describe('links about to expire', () => {
  test('are one section, the first to end first, each with its link; ended links are counted', () => {
    const text = textOf([link(2), link(3, '2026-11-21T23:40:00+08:00'), link(4, '2026-11-21T23:00:00+08:00')]);
    expect(text.split('\n')).toEqual([
      '### 【fastregister】⚠️ 2 个法人确认链接即将到期',
      '',
      '请提醒法人在微信中打开链接并完成确认。',
      '批次 b1 第 3 行：11 月 21 日 23:40 到期 [打开法人确认链接](https://mp.weixin.qq.com/authorize?task=3)',
      '批次 b1 第 2 行：11 月 22 日 01:30 到期 [打开法人确认链接](https://mp.weixin.qq.com/authorize?task=2)',
      '另有 1 个已到期',
    ]);
  });

  test('that are many are listed in part', () => {
    const text = textOf(Array.from({ length: 40 }, (_, number) => link(number)));
    expect(text).toContain('40 个法人确认链接即将到期');
    expect(text.match(/打开法人确认链接/g)).toHaveLength(10);
    expect(text).toContain('其余 30 个见控制台，或 `fastregister links`');
  });

  test('that have all ended are that', () => {
    expect(textOf([link(1, '2026-11-21T20:00:00+08:00')])).toContain('1 个法人确认链接已到期');
  });
});

describe('a message', () => {
  test('in English says the same in English, without one Chinese letter', () => {
    const all = [night(), link(1), notice('quota.ended', { used: 7, goes_on_at: '2026-11-21T16:00:00.000Z' })];
    const text = textOf([...all, notice('line.resumed'), notice('test')], {
      language: 'en',
      publicUrl: 'https://console.example',
    });
    expect(text).toContain('fastregister: 5 notices');
    expect(text).toContain('Merchants to call: 35');
    expect(text).toContain('Sending goes on at 22 Nov 00:00.');
    expect(text).not.toMatch(/\p{Script=Han}/u);
  });

  test('of a rehearsal, and of a ledger with a name, says so', () => {
    expect(textOf([notice('test')], { isRehearsal: true, ledger: 'fujian' })).toContain('【fastregister fujian 演练】');
    expect(textOf([notice('test')], { isRehearsal: true, ledger: 'rehearsal' })).toContain('【fastregister 演练】');
  });

  test('that arrives late says when it happened', () => {
    const late = notice('line.resumed', {}, { at: Date.parse('2026-11-21T09:05:00+08:00') });
    expect(textOf([late])).toContain('提交已自动恢复（11 月 21 日 09:05）');
  });

  test('shows what others wrote as text: no link, no mention, no second line', () => {
    const because = '<@all> [click](https://evil.example)\n# *now*';
    const text = textOf([notice('line.stopped', { problem: 'operator:pause', reason: { en: because, zh: because } })]);
    expect(text).toContain('＜@all＞ ［click］(https://evil.example) ＃ ＊now＊');
  });

  const LONG = '很长的说明'.repeat(1_000);
  const longest = notice('line.stopped', {
    problem: 'create:61004',
    reason: { en: LONG, zh: LONG },
    next_step: { en: LONG, zh: LONG },
    who_acts: 'platform',
  });
  const manyLinks = Array.from({ length: 100 }, (_, number) => ({
    ...link(number),
    data: { ...link(number).data, authorize_url: `https://mp.weixin.qq.com/a?${'x'.repeat(900)}` },
  }));

  test.each(['wecom', 'dingtalk', 'feishu'] as const)('to a %s robot fits, whatever it has to say', (robot) => {
    const { size, mostBytes } = WIRES[robot];
    for (const notices of [[longest], manyLinks, Array.from({ length: 100 }, () => longest), [longest, ...manyLinks]]) {
      const { message, count } = fitting(
        chatOf(robot, { publicUrl: `https://x.example/${'y'.repeat(200)}` }),
        notices,
        NOW,
      );
      expect(size(message)).toBeLessThanOrEqual(mostBytes);
      expect(count).toBeGreaterThanOrEqual(1);
    }
  });

  test('leaves for the next one what it cannot hold, and loses none', () => {
    const waiting = Array.from({ length: 30 }, (_, number) => ({ ...longest, id: String(number) }));
    let left = waiting.length;
    let messages = 0;
    while (left > 0) {
      left -= fitting(chatOf('wecom'), waiting.slice(-left), NOW).count;
      messages += 1;
    }
    expect(left).toBe(0);
    expect(messages).toBeGreaterThan(1);
  });
});
