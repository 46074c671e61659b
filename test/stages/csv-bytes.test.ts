import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_BYTES_FOR_ONE, putCell, putPlain } from '../../src/reporter/csv-bytes.js';
import { csvCell } from '../../src/reporter/csv-cell.js';
import { runs } from '../support/runs.js';

/** Characters that a guard, quotation marks or UTF-8 make difficult, between ordinary ones. */
const CHARACTERS = [...'=+-@\t\r\n;"\'\0\u200b\u2060\u2061\ufeff＝＋－＠“…中é😀a0: /'];
const cell = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 8 }).map((all) => all.join(''));

/** As it stands between the bytes of other cells. */
function placed(text: string): [from: Buffer, start: number, end: number] {
  const from = Buffer.from(`=;"${text}"x`);
  return [from, 3, from.length - 2];
}

test('the bytes of a cell are guarded and quoted as its text would be', () => {
  fc.assert(
    fc.property(cell, (text) => {
      const to = Buffer.alloc(MOST_BYTES_FOR_ONE * 64);
      const end = putCell(...placed(text), to, 5);
      expect(to.toString('utf8', 5, end)).toBe(csvCell(text));
    }),
    { numRuns: runs(5_000) },
  );
});

test('a text that is copied into a longer cell is what it would be there', () => {
  fc.assert(
    fc.property(cell, cell, cell, (before, text, after) => {
      const to = Buffer.alloc(MOST_BYTES_FOR_ONE * 64);
      const end = putPlain(...placed(text), to, 5);
      fc.pre(end >= 0 && text !== '');
      const [one, other] = csvCell(`${before}MARK${after}`).split('MARK');
      expect(`${one}${to.toString('utf8', 5, end)}${other}`).toBe(csvCell(before + text + after));
    }),
    { numRuns: runs(5_000) },
  );
});
