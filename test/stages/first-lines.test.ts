import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identityOf } from '../../src/domain/merchant.js';
import { openFirstLines } from '../../src/producer/first-lines.js';

const idOf = (name: string) =>
  identityOf({ name, code: '1', legalPersonaWechat: '', legalPersonaName: '' }, ['name', 'code']);

test('the line of the first of several rows of a merchant is remembered, as a Map would', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 100 }), (numbers) => {
      const [ours, map] = [openFirstLines(), new Map<number, number>()];
      for (const [at, number] of numbers.entries()) {
        expect(ours.seen(idOf(String(number)), at + 2)).toBe(map.get(number));
        if (!map.has(number)) map.set(number, at + 2);
      }
    }),
  );
});

test('a hundred thousand merchants are told apart while it grows', () => {
  const lines = openFirstLines();
  const ids = Array.from({ length: 100_000 }, (_, number) => idOf(String(number)));
  expect(ids.filter((id, at) => lines.seen(id, at + 2) !== undefined)).toEqual([]);
  expect(ids.filter((id, at) => lines.seen(id, 1) !== at + 2)).toEqual([]);
});
