import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { statesPage } from '../../src/domain/states-page.js';
import { answersPage } from '../../src/wechat/answers-page.js';

test.each([
  ['docs/states.md', statesPage],
  ['docs/answers.md', answersPage],
])('%s says what the tables say (UPDATE_DOCS=1 prints it anew)', (file, page) => {
  const url = new URL(`../../${file}`, import.meta.url);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(url, page());
  expect(readFileSync(url, 'utf8')).toBe(page());
});
