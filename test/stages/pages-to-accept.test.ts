import { expect, test } from 'vitest';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import { readSettings } from '../../src/config.js';
import { detailColumns } from '../../src/producer/checked-page.js';
import { pagesToAccept } from '../../src/producer/checked-rows.js';
import { memoryOf, type PageToAccept } from '../../src/producer/pages-to-accept.js';
import { openSheet, type Sheet } from '../../src/producer/sheets/sheet.js';
import { identify } from '../support/ledger.js';

const SAMPLES = new URL('../../samples/intake/', import.meta.url).pathname;

async function pagesOf(sheet: Sheet, acceptWarnings: boolean): Promise<PageToAccept[]> {
  const rules = rulesOf(readSettings({ env: {} }), acceptWarnings, identify);
  const pages: PageToAccept[] = [];
  for await (const page of pagesToAccept(sheet, rules, detailColumns(sheet.layout))) pages.push(page);
  return pages;
}

/** A Buffer is no Buffer any more when it comes from another thread. */
function plain({ rows, ...counted }: PageToAccept): unknown {
  return { ...rows, ...counted, packed: [...rows.packed], digests: [...rows.digests] };
}

test.each(['damage.csv', 'report.csv', 'gb18030.csv', 'numbers.xlsx', 'formulas.xlsx'])(
  'the thread that reads %s says the same of its rows as this thread does',
  async (name) => {
    const sheet = await openSheet(`${SAMPLES}${name}`);
    const { pagesToAccept: ofThread, ...inMemory } = sheet;
    expect(ofThread).toBeDefined();
    for (const acceptWarnings of [true, false]) {
      const pages = await pagesOf(sheet, acceptWarnings);
      expect(pages.map(plain)).toEqual((await pagesOf(inMemory, acceptWarnings)).map(plain));
      expect(pages[0]?.rows.count).toBeGreaterThan(0);
    }
  },
);

test('memory that other Buffers share is not moved', () => {
  const pageOf = (packed: Buffer): PageToAccept => ({
    rows: { count: 1, packed, digests: Buffer.from('8 bytes.'), registrations: '', unsent: [], withBlankPhone: [] },
    warned: 0,
    withoutPhone: 0,
  });
  const long = Buffer.from('示'.repeat(10_000));
  expect(memoryOf(pageOf(long))).toEqual([long.buffer]);
  expect(memoryOf(pageOf(Buffer.from('short')))).toEqual([]);
});
