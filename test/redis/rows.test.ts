import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row } from '../../src/domain/row.js';
import { packRow, unpackRow } from '../../src/redis/ledger/rows.js';
import { ANY_CHARACTER } from '../support/any-character.js';
import { runs } from '../support/runs.js';

const WRONG = { code: 'sheet:code_length', cell: 'B2', detail: '7' };
const COLUMNS = [0, 1, 2, 3, 4, 5];
const cell = fc.oneof(
  fc.string({ unit: ANY_CHARACTER, maxLength: 12 }),
  fc
    .array(fc.constantFrom('\u001c', '\u001d', '\u001e', '\ud83d', '\ude00', '\u001f', '\n', '"', '示', '[', '0'), {
      maxLength: 6,
    })
    .map((all) => all.join('')),
);
const rows = fc.record({
  line: fc.integer({ min: 1, max: 2_000_000 }),
  cells: fc.array(cell, { minLength: 6, maxLength: 9 }),
  phone: fc.option(fc.constantFrom('', '0592', '05\u001d', '05\ud83d'), { nil: undefined }),
  isRefused: fc.boolean(),
  warnings: fc.constantFrom([], [WRONG]),
});

test('a row comes back as it was, whatever is in its cells', () => {
  fc.assert(
    fc.property(rows, ({ line, cells, phone, isRefused, warnings }) => {
      const problems = isRefused ? [WRONG] : warnings;
      const [name = '', code = '', , legalPersonaWechat = '', legalPersonaName = '', last = ''] = cells;
      const given = cells.with(2, '1');
      const merchant = {
        name,
        code,
        codeType: 1,
        legalPersonaWechat,
        legalPersonaName,
        componentPhone: phone ?? last,
      } as const;
      const row: Row = { line, cells: given, merchant: isRefused ? undefined : merchant, problems };
      const packed = packRow(row, COLUMNS);
      for (const joint of ['\u001e', '\u001f']) expect(packed).not.toContain(joint);
      expect(unpackRow(Buffer.from(packed).toString(), COLUMNS)).toEqual(row);
    }),
    { numRuns: runs(1000) },
  );
});

test('half a character is kept as well, which UTF-8 could not', () => {
  const cells = ['示例\ud83d', '1', '1', 'a', 'b', 'c'];
  const merchant = {
    name: cells[0] ?? '',
    code: '1',
    codeType: 1,
    legalPersonaWechat: 'a',
    legalPersonaName: 'b',
    componentPhone: 'c',
  } as const;
  const packed = packRow({ line: 2, cells, merchant, problems: [] }, COLUMNS);
  expect(unpackRow(Buffer.from(packed).toString(), COLUMNS).cells).toEqual(cells);
});
