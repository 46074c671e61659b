import { expect, test } from 'vitest';
import { openSemaphore } from '../../src/worker/semaphore.js';

test('so many work at a time, the others in their order, and a failure frees its slot', async () => {
  const withPermit = openSemaphore(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  let atWork = 0;
  let most = 0;

  const works = [0, 1, 2, 3, 4].map((number) =>
    withPermit(async () => {
      begun.push(number);
      atWork += 1;
      most = Math.max(most, atWork);
      await new Promise<void>((resolve) => ends.push(resolve));
      atWork -= 1;
      if (number === 1) throw new Error('our fault');
    }),
  );
  const settled = Promise.allSettled(works);
  for (let done = 0; done < 5; done += 1) {
    await Promise.resolve();
    ends[done]?.();
    await Promise.allSettled(works.slice(0, done + 1));
  }

  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});
