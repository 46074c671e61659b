import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SheetRow } from '../../src/domain/sheet-row.js';
import { openPages, packPage, unpackPage } from '../../src/producer/sheets/pages.js';

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const count = fc.nat(1_048_576);
const row: fc.Arbitrary<SheetRow> = fc.record(
  {
    line: count,
    row: count,
    cells: fc.array(text, { maxLength: 6 }),
    numericCells: fc.array(fc.nat(5), { maxLength: 3 }),
    swallowed: fc.record({ column: fc.nat(5), lines: count }),
    merged: fc.array(fc.nat(5), { maxLength: 2 }),
    hidden: fc.constant(true as const),
    beyond: fc.nat(20),
  },
  { requiredKeys: ['line', 'row', 'cells'] },
);

test('a page comes out of another thread as it went in', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), (page) => {
      expect(unpackPage(structuredClone(packPage(page)))).toEqual(page);
    }),
  );
});

test('a page ends after 512 rows, as pages of a batch do, or earlier where they are long', () => {
  const sizes = (cells: string[], rows: number): number[] => {
    const pages = openPages();
    const full = Array.from({ length: rows }, (_, at) => pages.add({ line: at, row: at, cells })?.rows.length ?? 0);
    return [...full.filter((size) => size > 0), pages.rest()?.length ?? 0];
  };
  expect(sizes(['示例', '1'], 1_100)).toEqual([512, 512, 76]);
  expect(sizes(['x'.repeat(30_000)], 20)).toEqual([9, 9, 2]);
  expect(sizes(Array(512).fill(''), 1_024)).toEqual([512, 512, 0]);
  expect(sizes(Array(16_384).fill(''), 40)).toEqual([16, 16, 8]);
});
