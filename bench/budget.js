/**
 * The budget of calls a second over two workers: how much of it is used, and the most calls in any sliding second, when
 * they were decided (Redis' clock) and when they arrived. A worker's first second, in which its code is compiled and its connections
 * are opened, is also shown apart: what it leaves unused cannot be made up for. Usage: node bench/budget.js [seconds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../dist/src/app/wiring/store.js';
import { key } from '../dist/src/redis/keys.js';
import { acceptRows, environment, log, settingsFrom, startWechat, startWorkers, until } from './rig.js';

const SECONDS = Number(process.argv[2] ?? 10);
const LIMITS = [5, 50, 200, 1000];

const wechat = await startWechat();
for (const limit of LIMITS) await measure(limit);
wechat.stop();

async function measure(limit) {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  const changes = { FASTREGISTER_CALLS_PER_SECOND: String(limit), FASTREGISTER_CONCURRENCY: '32' };
  const env = environment(home, wechat.url, changes);
  const store = await openStore(settingsFrom(env), log, 'background');
  const rows = limit * SECONDS;
  await acceptRows(store, 'budget', 0, rows);
  const workers = await startWorkers(2, env);
  await until(async () => (await store.batches.counts('budget')).awaiting_legal_person === rows);
  await workers.stop();

  const decided = (await store.redis.lrange(key('recent'), 0, -1))
    .map((call) => Number.parseFloat(call) / 1000)
    .reverse();
  const arrived = (await wechat.arrivals()).sort((one, other) => one - other);
  const steady = decided.filter((at) => at >= decided[0] + 1000);
  const most = [decided, arrived].map((times) => mostInASecond(times) / limit);
  console.log(
    `${limit} calls/s: ${usedBy(steady, limit)} % used after the first second (wanted: 99 %), ${usedBy(decided, limit)} % with it, at most ${most[0].toFixed(3)} of the limit when decided (1.00), ${most[1].toFixed(3)} on arrival (1.05)`,
  );
  await store.close();
  rmSync(home, { recursive: true, force: true });
}

function usedBy(times, limit) {
  // The last call ends a span of one call fewer.
  return (((times.length - 1) / ((times.at(-1) - times[0]) / 1000) / limit) * 100).toFixed(1);
}

function mostInASecond(times) {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while (times[last] - times[first] >= 1000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
