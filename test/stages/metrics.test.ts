import { expect, test } from 'vitest';
import { metricsText } from '../../src/console/metrics.js';
import { openPushes } from '../../src/redis/pushes.js';
import { otherXml, seal } from '../support/pushes.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

test('/metrics counts pushes by InfoType and outcome, refusals by why, and how late pushes came', async () => {
  const pushes = openPushes(server.redis);
  const now = Date.now();
  const push = { ...seal(otherXml('authorized')), receivedAt: now, infoType: 'authorized' };
  await pushes.store([
    { ...push, createdAt: now - 400 },
    { ...push, createdAt: now - 20_000 },
    { ...push, createdAt: now - 2 * 3_600_000 },
    push,
  ]);
  const [first] = await pushes.list(1);
  if (first !== undefined) await pushes.done([[first, 'not_ours']]);
  await pushes.countRefusals({ bad_signature: 3 });

  const text = await metricsText({
    situation: { standstill: undefined, stopped: false, used: 1, limit: 10 } as never,
    batches: [],
    pushes: await pushes.counts(),
    parkedPushes: 0,
    ticketAgeMs: 61_000,
  });
  for (const line of [
    'fastregister_pushes_total{info_type="authorized",outcome="stored"} 4',
    'fastregister_pushes_total{info_type="authorized",outcome="not_ours"} 1',
    'fastregister_pushes_refused_total{why="bad_signature"} 3',
    'fastregister_push_lag_seconds_bucket{le="1"} 1',
    'fastregister_push_lag_seconds_bucket{le="10"} 1',
    'fastregister_push_lag_seconds_bucket{le="30"} 2',
    'fastregister_push_lag_seconds_bucket{le="+Inf"} 3',
    'fastregister_push_lag_seconds_count 3',
    'fastregister_push_lag_seconds_sum 7220.4',
    'fastregister_verify_ticket_age_seconds 61',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});
