/** What the summary of a night says beside its lists. */
import { expect, test } from 'vitest';
import { localTime } from '../../src/domain/calendar.js';
import type { Night } from '../../src/domain/night.js';
import { summaryOf, summaryText } from '../../src/nights/summary.js';
import { openNotes } from '../../src/redis/ledger/notes.js';
import { todosOf } from '../../src/reporter/todo.js';
import { DAY_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const timezone = 'Asia/Shanghai';

test('while legal persons can still confirm, it says how many, and until when the first of them can', async () => {
  const { load, send, record, batches } = openBook(server.redis);
  const [refused, ...waiting] = [merchant(1), merchant(2), merchant(3)];
  await load('b1', [refused, ...waiting]);
  await send(idOf(refused));
  await record(idOf(refused), 'registration_refused', { problem: 'push:103' });
  const sent: number[] = [];
  for (const it of waiting) sent.push(await send(idOf(it)));

  const written = async (now: number) => {
    const night = {
      name: '2026-11-21',
      inbox: '/srv/merchants',
      startedAt: now,
      timezone,
      usedBefore: 0,
      files: [{ name: 'm.csv', batch: 'b1', report: 'm.csv.report.csv' }],
      rejected: [],
    } as unknown as Night;
    const options = { language: 'zh', timezone, now } as const;
    const correctedLater = async () => new Set<never>();
    const todos = await todosOf(batches, { ...options, notesOf: openNotes(server.redis), correctedLater });
    const quota = { used: 3, limit: 1000, left: 997 };
    const summary = await summaryOf(night, batches, options, quota, { file: 'todo.xlsx', todos });
    return { summary, text: summaryText(summary, 'zh', timezone) };
  };

  const now = Date.now();
  const deadline = Math.min(...sent) + DAY_MS;
  const { summary, text } = await written(now);
  expect(summary).toMatchObject({ to_call_count: 1, to_confirm: { count: 2 } });
  expect(Date.parse(summary.to_confirm?.first_deadline ?? '')).toBe(Math.floor(deadline / 1000) * 1000);
  const until = localTime(deadline, timezone, now).zh;
  expect(text).toContain(`## 需要联系的商户\n\n- 法人仍可确认：2 家，最早截止 ${until}。`);

  const later = await written(now + 2 * DAY_MS);
  expect(later.summary.to_confirm).toBeUndefined();
  expect(later.text).not.toContain('法人仍可确认');
});
