import type { Redis } from 'ioredis';

export async function answers(redis: Redis): Promise<boolean> {
  return (await redis.ping().catch(() => '')) === 'PONG';
}
