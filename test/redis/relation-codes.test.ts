import { expect, test } from 'vitest';
import type { Relation } from '../../src/domain/row.js';
import { unpackedRow } from '../../src/redis/ledger/packed-rows.js';
import { packRow } from '../../src/redis/ledger/rows.js';

const ID = '0123456789abcdef';
const COLUMNS = [0, 1, 2, 3, 4, 5];
const PACKED = packRow({ line: 2, cells: ['', '', '', '', '', ''], problems: [] }, COLUMNS);

test.each<[string, Relation]>([
  ['i', { kind: 'refused' }],
  [`r${ID}`, { kind: 'registered', id: ID }],
  [`w${ID}`, { kind: 'waits', id: ID }],
  [`c${ID}|b2/7`, { kind: 'replaced', id: ID, by: 'b2/7' }],
  [`c${ID}|b2/7|3`, { kind: 'replaced', id: ID, by: 'b2/7', attempts: 3 }],
  [`c${ID}|`, { kind: 'replaced', id: ID }],
  [`a${ID}|wx1`, { kind: 'already_created', id: ID, appid: 'wx1' }],
  [`a${ID}|`, { kind: 'already_created', id: ID }],
  [`d${ID}|5`, { kind: 'duplicate', id: ID, firstIndex: 5 }],
])('a row that an earlier version stored as %s is read as it was', (text, relation) => {
  expect(unpackedRow(0, `${text}\n${PACKED}`, '', COLUMNS).relation).toEqual(relation);
});
