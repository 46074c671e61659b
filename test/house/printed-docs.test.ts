import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answersPage, answersPageInChinese } from '../../script/docs/answers-page.js';
import {
  columnsInChinese,
  columnsTable,
  limitsInChinese,
  limitsTable,
  problemsInChinese,
  problemsTable,
} from '../../script/docs/sheet-tables.js';
import { statesPage } from '../../script/docs/states-page.js';

test.each([
  ['docs/states.md', statesPage],
  ['docs/answers.md', answersPage],
  ['docs/zh/answers.md', answersPageInChinese],
])('%s says what the tables say (UPDATE_DOCS=1 prints it anew)', (file, page) => {
  const url = new URL(`../../${file}`, import.meta.url);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(url, page());
  expect(readFileSync(url, 'utf8')).toBe(page());
});

test.each([
  ['docs/sheets.md', columnsTable, limitsTable, problemsTable],
  ['docs/zh/sheets.md', columnsInChinese, limitsInChinese, problemsInChinese],
])(
  '%s has the tables of columns, problems and limits (UPDATE_DOCS=1 prints them anew)',
  (file, columns, limits, problems) => {
    const url = new URL(`../../${file}`, import.meta.url);
    const page = readFileSync(url, 'utf8');
    const tables = {
      columns: columns(),
      limits: limits(),
      errors: problems('error'),
      warnings: problems('warning'),
    };
    let printed = page;
    for (const [name, table] of Object.entries(tables)) {
      const place = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- /${name} -->)`);
      expect(page).toMatch(place);
      printed = printed.replace(place, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
    }
    if (process.env.UPDATE_DOCS === '1') writeFileSync(url, printed);
    expect(readFileSync(url, 'utf8')).toBe(printed);
  },
);
