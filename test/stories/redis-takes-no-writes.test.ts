import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('workers back off instead of spinning, say so, and go on by themselves when it does', async () => {
  const story = await rehearse({ privateRedis: true });
  await story.start();
  const complaints = () => story.lines.filter((line) => /"level":"(warn|error)"/.test(line)).length;

  await story.store.redis.config('SET', 'min-replicas-to-write', '1');
  await until('somebody complains', () => complaints() > 0);
  const spinning = until('the log overflows', () => complaints() > 200, 2_000).then(
    () => `${complaints()} complaints in two seconds`,
    () => 'backed off',
  );
  expect(await spinning).toBe('backed off');

  await story.store.redis.config('SET', 'min-replicas-to-write', '0');
  await story.book.load('b1', [merchant(1), merchant(2)]);
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 2 });
});
