import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SHEET_LIMITS } from '../../src/domain/sheet-limits.js';
import {
  firstRecords,
  ODD_LINE_END,
  RecordFault,
  type RecordFormat,
  recordsOf,
} from '../../src/producer/sheets/csv-records.js';
import { runs } from '../support/runs.js';

const { cell: CELL, row: ROW, cells: CELLS } = SHEET_LIMITS;

async function* piecesOf(pieces: Iterable<string>): AsyncGenerator<string> {
  yield* pieces;
}

const PARSED: RecordFormat = { delimiter: ',', hasCarriageReturns: true, hasQuotationMarks: true };
const SPLIT: RecordFormat = { delimiter: ',', hasCarriageReturns: false, hasQuotationMarks: false };

/** All records of a text that comes in these pieces; why no further one could be read is the last. */
async function recordsIn(pieces: Iterable<string>, format: RecordFormat = PARSED): Promise<(string[] | string)[]> {
  const records: (string[] | string)[] = [];
  try {
    for await (const batch of recordsOf(piecesOf(pieces), format)) records.push(...batch);
  } catch (error) {
    if (!(error instanceof RecordFault)) throw error;
    records.push(error.reason);
  }
  return records;
}

function* cutAt(text: string, cuts: readonly number[]): Generator<string> {
  const at = [...cuts.map((cut) => Math.min(cut, text.length)), 0, text.length].sort((a, b) => a - b);
  for (const [number, end] of at.slice(1).entries()) yield text.slice(at[number], end);
}

const cuts = fc.array(fc.nat(30), { maxLength: 4 });

describe('records of a CSV', () => {
  afterEach(() => vi.restoreAllMocks());

  test('are the same whether its lines are split or parsed, however it is cut into pieces', async () => {
    const text = fc.array(fc.constantFrom(',', '\n', ' ', 'a', '示'), { maxLength: 30 }).map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(text, cuts, async (whole, at) => {
        const records = await recordsIn([whole]);
        expect(await recordsIn(cutAt(whole, at))).toEqual(records);
        expect(await recordsIn(cutAt(whole, at), SPLIT)).toEqual(records);
        expect(firstRecords(whole, true, ',', 50)).toEqual(records);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('are the same where odd line ends are looked for, and each of these is named, however the text is cut', async () => {
    const text = fc
      .array(fc.constantFrom(',', '\r\n', '\n', '\r', '"', 'a'), { maxLength: 30 })
      .map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(text, cuts, fc.constantFrom('\r\n' as const, '\n', '\r'), async (whole, at, lineEnd) => {
        const records = await recordsIn([whole]);
        const marked = await recordsIn(cutAt(whole, at), { ...PARSED, lineEnd });
        expect(marked.filter((record) => record !== ODD_LINE_END)).toEqual(records);
        const odd = whole.replaceAll(lineEnd, '').match(/\r\n|\n|\r/g) ?? [];
        if (!whole.includes('"') && !/\r\r|\n\n/.test(whole)) expect(marked.length - records.length).toBe(odd.length);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('come before what cannot be read, whatever stands between them', async () => {
    const text = 'a,"b\nc"\r\n"d"e,f"g"\r"",\n\n"h';
    const records = [['a', 'b\nc'], ['"d"e', 'f"g"'], ['', ''], [''], 'unclosed'];
    for (let cut = 0; cut <= text.length; cut += 1) expect(await recordsIn(cutAt(text, [cut]))).toEqual(records);
    expect(firstRecords(text, true, ',', 50)).toEqual(records.slice(0, -1));
    expect(firstRecords(text, true, ',', 2)).toEqual(records.slice(0, 2));
    expect(firstRecords('a,b\nc,d', false, ',', 50)).toEqual([['a', 'b']]);
  });

  test('may have as much as a spreadsheet can hold, and no more', async () => {
    for (const format of [PARSED, SPLIT]) {
      expect(await recordsIn([`${'x'.repeat(CELL.most)},y\n`], format)).toEqual([['x'.repeat(CELL.most), 'y']]);
      expect(await recordsIn([`a\n${'x'.repeat(CELL.most + 1)},y\n`], format)).toEqual([['a'], 'cell']);
      expect((await recordsIn([','.repeat(CELLS.most - 1)], format))[0]).toHaveLength(CELLS.most);
      expect(await recordsIn(['a\n', ','.repeat(CELLS.most)], format)).toEqual([['a'], 'cells']);
      expect(await recordsIn([`${'x'.repeat(1000)},`.repeat(2000), '\n'], format)).toEqual(['row']);
    }
    expect(await recordsIn([`a\n"${'x'.repeat(CELL.most + 1)}",y\n`])).toEqual([['a'], 'cell']);
    expect(await recordsIn([`"${'x\n'.repeat(CELL.most)}",y\n`])).toEqual(['closed_late']);
  });

  test.each([
    ['a line without an end', PARSED, 'x', 'row'],
    ['a line without an end, split', SPLIT, 'x', 'row'],
    ['nothing but commas', PARSED, ',', 'row'],
    ['a quotation mark that is not closed', PARSED, '"x\n', 'closed_late'],
  ])('are refused before more of %s is held in memory', async (_, format, character, reason) => {
    let fed = 0;
    function* endless(): Generator<string> {
      yield 'a\n';
      yield character;
      for (; ; fed += 1_000) yield character.slice(-1).repeat(1_000);
    }
    expect(await recordsIn(endless(), format)).toEqual([['a'], reason]);
    expect(fed).toBeLessThan(ROW.most + 3_000);
  });

  test('of any length cost no Error each', async () => {
    const captured = vi.spyOn(Error, 'captureStackTrace');
    expect(await recordsIn(['a,b\r\n', 'c\r\n\r\nd,e,f\r\n'.repeat(100)])).toHaveLength(301);
    expect(captured).not.toHaveBeenCalled();
  });
});
