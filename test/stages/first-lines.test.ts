import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identifyWith } from '../../src/domain/merchant.js';
import { openFirstLines } from '../../src/producer/sheets/first-lines.js';

const idOf = identifyWith('key');

test('the first of several rows of an enterprise is remembered, as a Map would, with what it says differently', () => {
  const details = fc.array(fc.constantFrom('', 'one', 'other'), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), details), { maxLength: 100 }), (rows) => {
      const [ours, map] = [openFirstLines(), new Map<number, { line: number; texts: readonly string[] }>()];
      for (const [at, [number, texts]] of rows.entries()) {
        const first = map.get(number);
        const differs = (text: string, place: number) =>
          text !== '' && first?.texts[place] !== '' && text !== first?.texts[place];
        const differing = texts.flatMap((text, place) => (differs(text, place) ? [place] : []));
        expect(ours.seen(idOf(String(number)), at + 2, texts)).toEqual(first && { line: first.line, differing });
        if (first === undefined) map.set(number, { line: at + 2, texts });
      }
    }),
  );
});

test('a hundred thousand enterprises are distinguished while it grows', () => {
  const lines = openFirstLines();
  const ids = Array.from({ length: 100_000 }, (_, number) => idOf(String(number)));
  expect(ids.filter((id, at) => lines.seen(id, at + 2, [id]) !== undefined)).toEqual([]);
  expect(ids.filter((id, at) => lines.seen(id, 1, [id, 'x'])?.line !== at + 2)).toEqual([]);
  expect(lines.seen(ids[7] ?? '', 1, ['other'])).toEqual({ line: 9, differing: [0] });
});
