import { expect, test, vi } from 'vitest';
import { writesRefused } from '../../src/redis/server/durability.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

async function connectionsSoFar(): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await server.redis.info('stats'))?.[1]);
}

test('whether Redis takes writes is tried every five seconds at most, however often a page asks', async () => {
  const before = await connectionsSoFar();
  const clock = vi.spyOn(Date, 'now');
  try {
    const now = Date.now();
    clock.mockReturnValue(now);
    expect(await Promise.all([writesRefused(server.redis), writesRefused(server.redis)])).toEqual([
      undefined,
      undefined,
    ]);
    clock.mockReturnValue(now + 4_999);
    await writesRefused(server.redis);
    expect((await connectionsSoFar()) - before).toBe(1);
    clock.mockReturnValue(now + 5_000);
    await writesRefused(server.redis);
    expect((await connectionsSoFar()) - before).toBe(2);
  } finally {
    clock.mockRestore();
  }
});
