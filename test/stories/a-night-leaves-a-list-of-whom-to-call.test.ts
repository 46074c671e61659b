import { join } from 'node:path';
import { expect, test } from 'vitest';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';
import { cellsShown, partOf } from '../support/workbook-parts.js';

test('in the morning the clerk finds a Chinese summary, and a workbook of this night’s merchants to contact', async () => {
  // Where a push is late because the machine has other things to do, nothing is given up.
  const settings = { FASTREGISTER_REQUEST_TIMEOUT: '30s', FASTREGISTER_PUSH_WAIT: '60s', FASTREGISTER_GIVE_UP: '90s' };
  const rehearsal = await rehearse({ settings, simulator: { pushRetries: 1_000 } });
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('昨天.csv', sheetOf([merchant(9, 'p103')]));
  await office.run({ language: 'zh' });
  office.put('今天.csv', sheetOf([merchant(1), merchant(2, 'p103')]));
  office.now += 61_000;
  const night = await office.run({ language: 'zh' });
  if (night === undefined) throw new Error('the night did not run');

  const todo = join(office.inbox, 'done', night.date, `${night.name}.todo.xlsx`);
  expect(office.summary(night)).toMatchObject({ to_call_count: 1, todo });
  const cells = await cellsShown(todo, 1);
  expect(['B1', 'B2', 'L2', 'B3'].map((place) => cells.get(place)?.text)).toEqual([
    '商户',
    merchant(2, 'p103').name,
    '微信未通过',
    undefined,
  ]);

  const text = office.read('done', night.date, `${night.name}.md`);
  expect(text).toMatch(/^# 夜间任务 .*\n\n(?:\d{4} 年 )?\d+ 月 \d+ 日 \d\d:\d\d 至 .*\d\d:\d\d。全部行已有结果。\n/);
  expect(text).toMatch(/- 已创建：1\n- 微信未通过：1\n/);
  expect(text).toMatch(/- 本次已用 \d+ 次，今日剩余 \d+ \/ \d+ 次\n/);
  expect(text).toContain(`- ${merchant(2, 'p103').name}（今天.csv 第 3 行）：`);
  expect(text).toMatch(/- 今天\.csv（b[0-9a-f]+）：\//);
  expect(text).toContain('24 小时内仍可确认的商户');
  expect(text).not.toContain('法人仍可确认');
});

test('a sheet of many thousand wrong rows leaves a list of the most urgent ones, and the summary says so', async () => {
  const office = openOffice(await rehearse());
  office.put('wrong.csv', `${sheetOf([merchant(1)])}${'x\n'.repeat(10_001)}`);
  const night = await office.run({ until: 'submitted' });
  if (night === undefined) throw new Error('the night did not run');

  expect(office.summary(night)).toMatchObject({ to_call_count: 10_001, outcomes: { invalid: 10_001 } });
  const rows = await partOf(office.summary(night).todo, 'xl/worksheets/sheet1.xml');
  expect([...rows.matchAll(/<row /g)]).toHaveLength(10_001);
  const text = office.read('done', night.date, `${night.name}.md`);
  expect(text).toContain('The most urgent of them');
  expect(text).not.toContain('All of them');
});
