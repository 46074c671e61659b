import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { STANDSTILL_MS } from '../../src/domain/sheet-limits.js';
import { startReadingThread } from '../../src/producer/sheets/reading-thread.js';
import { SheetError } from '../../src/producer/sheets/sheet-error.js';

const ODD = new URL('../support/odd-reading-thread.mjs', import.meta.url);

/** Less than STANDSTILL_MS: so long the processor is busy with nothing. */
const SHORT_STANDSTILL_MS = 250;
/** The odd thread waits for longer than this; other threads of the process use less meanwhile. */
const STANDSTILL_OF_WAITERS_MS = 500;
/** A machine that does many other things gives the thread little of a processor. */
const LIMIT_MS = 180_000;

async function opening(path: string, standstillMs = STANDSTILL_OF_WAITERS_MS) {
  const thread = startReadingThread(ODD, standstillMs);
  const outcome = thread.open({ id: 1, path, required: [] }).catch((error: unknown) => error);
  return { thread, outcome };
}

test.each([
  ['runs for ever', process.env.TEST_RUNS === 'many' ? STANDSTILL_MS : SHORT_STANDSTILL_MS],
  ['backtracks for ever', SHORT_STANDSTILL_MS],
])(
  'a file whose reader %s is refused, and this thread goes on meanwhile',
  async (path, standstillMs) => {
    const { thread, outcome } = await opening(path, standstillMs);
    let turns = 0;
    const answered = outcome.then(() => true);
    while (!(await Promise.race([answered, setTimeout(20, false)]))) turns += 1;
    const error = await outcome;
    expect(error).toBeInstanceOf(SheetError);
    expect((error as SheetError).words).toEqual({
      en: expect.stringContaining(`did not get any further for ${standstillMs / 1000} seconds`),
      zh: expect.stringContaining('没有进展'),
    });
    expect(turns).toBeGreaterThan(5);
    expect(thread.isFit()).toBe(false);
  },
  LIMIT_MS,
);

test('a file that takes all memory of its reader is refused, and nothing else is', async () => {
  const { thread, outcome } = await opening('takes all memory');
  const error = await outcome;
  expect(error).toBeInstanceOf(SheetError);
  expect((error as SheetError).words).toEqual({
    en: expect.stringContaining('takes more memory than a sheet of merchants needs'),
    zh: expect.stringContaining('内存'),
  });
  expect(thread.isFit()).toBe(false);
});

test('a reader that fails or leaves is our fault, and is not waited for', async () => {
  for (const [path, words] of [
    ['throws', 'a fault of the reader'],
    ['leaves', 'ended with 7'],
  ] as const) {
    const { thread, outcome } = await opening(path);
    const error = await outcome;
    expect(error).not.toBeInstanceOf(SheetError);
    expect(String(error)).toContain(words);
    expect(thread.isFit()).toBe(false);
  }
});

test.each(['waits for the disk', 'gets no processor'])('a reader that %s has all the time it needs', async (path) => {
  const { thread, outcome } = await opening(path);
  expect(await outcome).toEqual({ bytes: 1 });
  expect(thread.isFit()).toBe(true);
  thread.close();
});
