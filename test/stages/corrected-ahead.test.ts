/** A list of a million refused rows has the names and codes of some of them in memory at a time. */
import { expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.js';
import type { RowWithOutcome } from '../../src/domain/row.js';
import type { CorrectedLater, RefusedRow } from '../../src/reporter/corrected-later.js';
import { correctedIn } from '../../src/reporter/dealt-with.js';
import { creditCode } from '../support/merchants.js';

const COLUMNS = [0, 1, -1, -1, -1, -1];

function batchOf(id: string): Batch {
  return { id, columns: COLUMNS } as unknown as Batch;
}

/** Sheets of refused rows, two on a page. */
function sheets(codes: Readonly<Record<string, readonly string[]>>) {
  let open = 0;
  return {
    open: () => open,
    counts: async () => ({ invalid: 1 }),
    async *pages({ id }: Batch) {
      open += 1;
      try {
        const rows = (codes[id] ?? []).map((code, index): RowWithOutcome => {
          const row = { line: index + 2, cells: [`${id} ${index}`, code], problems: [] };
          return { index, row, relation: { kind: 'refused' }, registration: undefined };
        });
        for (let from = 0; from < rows.length; from += 2) yield rows.slice(from, from + 2);
      } finally {
        open -= 1;
      }
    },
  };
}

const invalid = { only: new Set(['invalid'] as const) };
const codes = (from: number, count: number) => Array.from({ length: count }, (_, at) => creditCode(from + at));

test('they are looked for in newer sheets some at a time, and each place is known when its page is written', async () => {
  const asked: number[] = [];
  const everyThird: CorrectedLater = async (rows) => {
    asked.push(rows.length);
    return new Set(rows.filter(({ index }) => index % 3 === 0));
  };
  const batches = sheets({ b1: codes(0, 11) });
  const b1 = batchOf('b1');
  const ahead = await correctedIn(batches, [b1], invalid, everyThird, 4)?.(b1);
  const found: string[] = [];
  for (let last = 1; last <= 11; last += 2) {
    const places = await ahead?.upTo(Math.min(last, 10));
    for (const index of [last - 1, last]) if (places?.has(`b1/${index}`)) found.push(`b1/${index}`);
  }
  expect(found).toEqual(['b1/0', 'b1/3', 'b1/6', 'b1/9']);
  expect(asked).toEqual([4, 4, 3]);
  await ahead?.close();
  expect(batches.open()).toBe(0);
});

test('one that a newer sheet of the list has again is left out, and of one sheet each stays', async () => {
  const none: CorrectedLater = async () => new Set<RefusedRow>();
  const [one = '', two = '', three = ''] = codes(100, 3);
  const batches = sheets({ newer: [one, one, two], older: [two, three, one] });
  const [newer, older] = [batchOf('newer'), batchOf('older')];
  const corrected = correctedIn(batches, [newer, older], invalid, none, 2);
  const places: string[] = [];
  for (const batch of [newer, older]) {
    const ahead = await corrected?.(batch);
    for (const last of [1, 2]) places.push(...((await ahead?.upTo(last)) ?? []));
    await ahead?.close();
  }
  expect(places).toEqual(['older/0', 'older/2']);
});
