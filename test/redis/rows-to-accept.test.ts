import { expect, test } from 'vitest';
import type { AcceptedRow } from '../../src/domain/row.js';
import { openRowsToAccept, registrationAt, rowsToAccept } from '../../src/redis/ledger/rows-to-accept.js';
import { acceptedRow } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';

const COLUMNS = [0, 1, 2, 3, 4, 5];
const sent = acceptedRow(merchant(1), 0);
const ROWS: readonly AcceptedRow[] = [
  { ...sent, isPhoneBlank: true },
  { ...acceptedRow(undefined, 1), isPhoneBlank: false },
  { ...acceptedRow(undefined, 2), registration: sent.registration, isPhoneBlank: true },
  { ...sent, line: 5, cells: [...sent.cells, 'half a character: \ud83d'], isPhoneBlank: false },
];

test('rows are the same again on the other side of a thread', () => {
  const rows = structuredClone(rowsToAccept(ROWS, COLUMNS));
  expect(rows.count).toBe(ROWS.length);
  expect(ROWS.map((_, at) => openRowsToAccept(rows, COLUMNS)(at))).toEqual(ROWS);
  expect(ROWS.map((_, at) => registrationAt(rows, at))).toEqual(ROWS.map(({ registration }) => registration));
});

test('rows that have a registration and are never sent are known by their places', () => {
  expect(rowsToAccept(ROWS, COLUMNS).unsent).toEqual([2]);
});
