import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SHEET_LIMITS } from '../../src/domain/sheet-limits.js';
import { RecordFault, RecordReader } from '../../src/producer/csv-records.js';

const { cell: CELL, row: ROW, cells: CELLS } = SHEET_LIMITS;

/** All records of a text that comes in these pieces; what went wrong is the last. */
function recordsOf(pieces: readonly string[], delimiter = ','): (string[] | string)[] {
  const reader = new RecordReader({ delimiter, hasCarriageReturns: pieces.some((piece) => piece.includes('\r')) });
  const records: (string[] | string)[] = [];
  try {
    for (const [at, piece] of [...pieces, ''].entries()) {
      reader.feed(piece, at === pieces.length);
      for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record);
    }
  } catch (error) {
    if (!(error instanceof RecordFault)) throw error;
    records.push(error.reason);
  }
  return records;
}

function byCsvParse(text: string, delimiter: string): (string[] | string)[] {
  const record_delimiter = text.includes('\r') ? ['\r\n', '\n', '\r'] : ['\n'];
  const records: (string[] | string)[] = [];
  try {
    parse(text, {
      delimiter,
      record_delimiter,
      relax_column_count: true,
      relax_quotes: true,
      on_record: (record: string[]) => {
        records.push(record);
        return null;
      },
    });
  } catch {
    records.push('unclosed');
  }
  return records;
}

describe('records of a CSV', () => {
  const texts = fc.array(fc.constantFrom('"', '""', ',', ';', '\n', '\r', '\r\n', ' ', 'a', '示', '𠮷'), {
    maxLength: 30,
  });

  test('are those that csv-parse makes of it, however it is cut into pieces', () => {
    fc.assert(
      fc.property(
        texts,
        fc.constantFrom(',', ';'),
        fc.array(fc.nat(30), { maxLength: 4 }),
        (parts, delimiter, cuts) => {
          const text = parts.join('');
          const at = [...cuts, 0, text.length].map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
          const pieces = at.slice(1).map((end, i) => text.slice(at[i], end));
          expect(recordsOf(pieces, delimiter)).toEqual(byCsvParse(text, delimiter));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('may have as much as a spreadsheet can hold, and no more', () => {
    expect(recordsOf([`${'x'.repeat(CELL.most)},y\n`])).toEqual([['x'.repeat(CELL.most), 'y']]);
    expect(recordsOf([`a\n${'x'.repeat(CELL.most + 1)},y\n`])).toEqual([['a'], 'cell']);
    expect(recordsOf([`a\n"${'x'.repeat(CELL.most + 1)}",y\n`])).toEqual([['a'], 'cell']);
    expect(recordsOf([`"${'x\n'.repeat(CELL.most)}",y\n`])).toEqual(['closed_late']);
    expect(recordsOf([`"${'"",'.repeat(CELL.most)}`])).toEqual(['closed_late']);
    expect(recordsOf([','.repeat(CELLS.most - 1)])[0]).toHaveLength(CELLS.most);
    expect(recordsOf([','.repeat(CELLS.most)])).toEqual(['cells']);
    expect(recordsOf([`"",${','.repeat(CELLS.most)}`])).toEqual(['cells']);
    expect(recordsOf([`${'x'.repeat(1000)},`.repeat(2000)])).toEqual(['row']);
  });

  test('are refused before a row without an end is held in memory', () => {
    const reader = new RecordReader({ delimiter: ',', hasCarriageReturns: false });
    const feed = () => {
      reader.feed('x'.repeat(200_000), false);
      return reader.next();
    };
    for (let characters = 200_000; characters <= ROW.most; characters += 200_000) expect(feed()).toBeUndefined();
    expect(feed).toThrow(RecordFault);
  });
});
