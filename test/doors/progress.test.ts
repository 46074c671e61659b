/** What a person sees while a run sends. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openPace, progressLine } from '../../src/cli/progress.js';
import { openProgress } from '../../src/cli/terminal.js';
import { displayWidth } from '../../src/domain/printable.js';

const COUNTS = { created: 20, rejected: 4, awaiting_legal_person: 8, queued: 6, 'deferred/busy': 2 };
const CALLS = { used: 32, limit: 1000 };

describe('the line', () => {
  test('has a bar of what is done, sent and not sent yet, with rate and time left, in either language', () => {
    const pace = { rowsPerMinute: 120, leftMs: 3_000 };
    expect(progressLine(COUNTS, CALLS, pace, { language: 'en', withBar: true })).toBe(
      '[##############=====.....] 24/40 done · 120 rows/min · 3 s left to send · 6 queued · 2 deferred · 8 awaiting legal person · 32 of 1000 calls today',
    );
    expect(progressLine(COUNTS, CALLS, pace, { language: 'zh', withBar: false })).toBe(
      '已完成 24/40 · 每分钟 120 行 · 约 3 秒后提交完 · 排队 6 · 稍后提交 2 · 等待法人 8 · 今日已调用 32/1000 次',
    );
  });

  test('has no rate while none is known, and a bar while there are no rows', () => {
    expect(progressLine({}, CALLS, undefined, { language: 'en', withBar: true })).toBe(
      `[${'.'.repeat(24)}] 0/0 done · 32 of 1000 calls today`,
    );
  });

  test.each([
    [59_000, '59 s'],
    [61_000, '2 min'],
    [99 * 60_000, '99 min'],
    [100 * 60_000, '2 h'],
  ])('%d ms left are %s', (leftMs, said) => {
    const line = progressLine(COUNTS, CALLS, { rowsPerMinute: 1, leftMs }, { language: 'en', withBar: false });
    expect(line).toContain(`· ${said} left to send ·`);
  });
});

describe('the pace', () => {
  test('is what was sent in the last minute, and how long the rest takes that can be sent today', () => {
    const paceOf = openPace();
    expect(paceOf({ queued: 100, 'deferred/busy': 50 }, 0)).toBeUndefined();
    expect(paceOf({ queued: 90, 'deferred/busy': 50 }, 2_000)).toBeUndefined();
    expect(paceOf({ queued: 80, 'deferred/busy': 50 }, 10_000)).toEqual({ rowsPerMinute: 120, leftMs: 40_000 });
    expect(paceOf({ queued: 79, 'deferred/busy': 50 }, 70_000)?.rowsPerMinute).toBe(1);
    expect(paceOf({ 'deferred/busy': 50 }, 70_000)).toEqual({ rowsPerMinute: 80 });
  });

  test('is not known where nothing is sent', () => {
    const paceOf = openPace();
    paceOf({ queued: 5 }, 0);
    expect(paceOf({ queued: 5 }, 30_000)).toBeUndefined();
    expect(paceOf({ queued: 6 }, 31_000)).toBeUndefined();
  });
});

describe('on a terminal', () => {
  const { isTTY, columns } = process.stderr;
  afterEach(() => {
    vi.restoreAllMocks();
    Object.assign(process.stderr, { isTTY, columns });
  });

  function shown(isTerminal: boolean): string[] {
    const written: string[] = [];
    Object.assign(process.stderr, { isTTY: isTerminal, columns: 30 });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    return written;
  }

  const REASON = {
    about: 'create:61004',
    text: '提交因故障停止：服务器 IP 不在第三方平台的白名单中，请在开放平台添加后恢复提交。',
  };

  test('the line is cut to its columns, also where a character takes two', () => {
    const written = shown(true);
    openProgress().show('已完成 24/40 · 每分钟 120 行 · 约 3 秒后提交完');
    const [line = ''] = written;
    expect(line.startsWith('\r\u001b[2K已完成 24/40')).toBe(true);
    expect(displayWidth(line.slice(5))).toBeLessThanOrEqual(29);
  });

  test('the line is shown on a terminal that does not say how wide it is', () => {
    const written = shown(true);
    Object.assign(process.stderr, { columns: 0 });
    openProgress().show('已完成 24/40');
    expect(written.join('')).toContain('已完成 24/40');
  });

  test.each([true, false])(
    'why nothing is sent is said once, as a whole, on a line of its own (terminal: %s)',
    (isTerminal) => {
      const written = shown(isTerminal);
      const progress = openProgress();
      progress.show('1/2 done', REASON);
      progress.show('1/2 done', { ...REASON, text: `${REASON.text}又一次。` });
      progress.show('2/2 done');
      progress.end();
      const text = written.join('');
      expect(text.split(`${REASON.text}\n`)).toHaveLength(2);
      expect(text.indexOf(REASON.text)).toBeLessThan(text.indexOf('1/2 done'));
      expect(text).toContain('2/2 done');
      progress.show('1/2 done', REASON);
      expect(written.join('').split(REASON.text)).toHaveLength(3);
    },
  );
});
