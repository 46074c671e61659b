import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricsText } from '../../src/console/metrics.js';
import type { LiveProcess } from '../../src/domain/presence.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { otherXml, seal } from '../support/pushes.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const WORKER: LiveProcess = { role: 'worker', version: '1.2.3', host: 'one', pid: 7, id: 'w' };

test('/metrics says which processes live, counts registrations and what is pending, pushes by InfoType and outcome, refusals by why, and how late pushes came', async () => {
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
    sending: { blockedReason: undefined, stopped: false, used: 1, limit: 10 } as never,
    states: { queued: 3, created: 5 },
    noticesWaiting: { created: 0, notify: 2 },
    links: { open: 4, ending: 1 },
    nightEndedAt: 1_700_000_000_000,
    takesWrites: false,
    version: '1.2.3',
    processes: {
      presence: {
        now,
        live: [WORKER, WORKER],
        seen: {},
        callAt: now - 3_000,
        pushAt: now - 4_000,
        waitingSince: now - 60_000,
      },
      missing: undefined,
    },
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
    'fastregister_build_info{version="1.2.3"} 1',
    'fastregister_registrations{state="queued"} 3',
    'fastregister_processes{role="worker"} 2',
    'fastregister_processes{role="receiver"} 0',
    'fastregister_worker_missing 0',
    'fastregister_redis_writable 0',
    'fastregister_last_call_age_seconds 3',
    'fastregister_last_push_age_seconds 4',
    'fastregister_oldest_wait_seconds 60',
    'fastregister_notices_pending{destination="notify"} 2',
    'fastregister_links_open 4',
    'fastregister_links_ending 1',
    'fastregister_night_last_success_timestamp_seconds 1700000000',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  const page = readFileSync(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
  const names = text.split('\n').flatMap((line) => /^# TYPE (\w+)/.exec(line)?.[1] ?? []);
  expect(names.filter((name) => !page.includes(name))).toEqual([]);
});
