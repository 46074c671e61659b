import { expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { openReadings } from '../../src/redis/readings.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const FILE = { path: '/inbox/a.csv', size: 12, mtimeMs: 34.5 };

test('a file is known to the processes that begin to read it, each once', async () => {
  const [one, other] = [openReadings(server.redis, 'one'), openReadings(server.redis, 'other')];
  expect(await one.begin(FILE)).toBe(0);
  // A command whose answer was lost is sent again.
  expect(await one.begin(FILE)).toBe(0);
  expect(await other.begin(FILE)).toBe(1);
  expect(await other.begin({ ...FILE, size: 13 })).toBe(0);
  expect(await other.begin({ ...FILE, mtimeMs: 35 })).toBe(0);

  await one.leave(FILE);
  expect(await other.begin(FILE)).toBe(0);
  await one.begin(FILE);
  await other.end(FILE);
  expect(await one.begin(FILE)).toBe(0);
});

test('what is noted says nothing of the file, and is forgotten in the end', async () => {
  await openReadings(server.redis, 'one').begin(FILE);
  const [name = ''] = await server.redis.keys(key('reading', '*'));
  expect(name).not.toContain('inbox');
  expect(await server.redis.pttl(name)).toBeGreaterThan(29 * 86_400_000);
});
