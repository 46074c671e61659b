/** Comparing passwords while strangers try many. */
import { expect, test } from 'vitest';
import { hashPassword, isPassword, PASSWORD_COST, PasswordsBusy } from '../../src/app/passwords.js';

const here = new AbortController().signal;

/** Strangers who try at once, and how each of them ended. */
function flood(count: number, signal = here) {
  const ended: ('compared' | 'refused')[] = [];
  const tries = Array.from({ length: count }, () =>
    isPassword('a guess', undefined, { signal }).then(
      () => ended.push('compared'),
      (error: unknown) => {
        expect(error).toBeInstanceOf(PasswordsBusy);
        ended.push('refused');
      },
    ),
  );
  return { ended, all: Promise.all(tries) };
}

const countOf = (ended: readonly string[], what: string): number => ended.filter((it) => it === what).length;

test('a flood of strangers is refused at once, but for forty who wait, and a known browser goes before them', async () => {
  const kept = await hashPassword('a password of tests');
  PASSWORD_COST.N = 2 ** 12;
  const { ended, all } = flood(200);
  expect(await isPassword('a password of tests', kept)).toBe(true);
  expect(countOf(ended, 'refused')).toBe(158);
  expect(countOf(ended, 'compared')).toBeLessThan(10);
  await all;
  expect(countOf(ended, 'compared')).toBe(42);
  expect(await isPassword('a password of tests', kept, { signal: here })).toBe(true);
});

test('a stranger who has gone gives the place to the next one', async () => {
  const gone = new AbortController();
  const running = flood(2);
  const waiting = flood(40, gone.signal);
  gone.abort();
  const next = flood(40);
  await Promise.all([running.all, waiting.all, next.all]);
  expect([countOf(waiting.ended, 'refused'), countOf(next.ended, 'compared')]).toEqual([40, 40]);
});
