import { describe, expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { openLeases } from '../../src/redis/lease.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();

describe('a lease', () => {
  const leases = () => openLeases(server.redis);
  const name = () => key('reconciler');

  test('has one holder at a time, which renews it by acquiring it again', async () => {
    expect(await leases().acquire(name(), 'one', 60_000)).toBe(true);
    expect(await leases().acquire(name(), 'other', 60_000)).toBe(false);
    expect(await leases().acquire(name(), 'one', 120_000)).toBe(true);
    expect(await server.redis.pttl(name())).toBeGreaterThan(60_000);
  });

  test('is renewed only while it lasts', async () => {
    expect(await leases().renew(name(), 'one', 60_000)).toBe(false);
    await leases().acquire(name(), 'one', 60_000);
    expect(await leases().renew(name(), 'one', 120_000)).toBe(true);
    expect(await server.redis.pttl(name())).toBeGreaterThan(60_000);
    expect(await leases().renew(name(), 'other', 120_000)).toBe(false);
  });

  test('is released by its holder only', async () => {
    await leases().acquire(name(), 'one', 60_000);
    await leases().release(name(), 'other');
    expect(await leases().acquire(name(), 'other', 60_000)).toBe(false);
    await leases().release(name(), 'one');
    expect(await leases().acquire(name(), 'other', 60_000)).toBe(true);
  });

  test('ends by itself, also after a fraction of a millisecond', async () => {
    expect(await leases().acquire(name(), 'one', 0.5)).toBe(true);
    await until('it has ended', () => leases().acquire(name(), 'other', 60_000));
  });
});
