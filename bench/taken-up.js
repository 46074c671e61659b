/**
 * From kill -9 of a worker until another one has sent every row that the dead one had taken from BullMQ and not sent.
 * At the worst moment: a job's lock has just been renewed, so it lasts longest. Usage: node bench/taken-up.js [rows] [rounds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { openStore } from '../dist/src/app/wiring/store.js';
import { key, prefix } from '../dist/src/redis/keys.js';
import { acceptRows, environment, log, settingsFrom, startWechat, startWorkers, until } from './rig.js';

const ROWS = Number(process.argv[2] ?? 64);
const ROUNDS = Number(process.argv[3] ?? 3);
const WANTED_SECONDS = 35;
/** The survivor looks for dead workers' jobs every 5 s; each round meets another part of that. */
const STEP_MS = 5_000 / ROUNDS;

const FAST = {
  FASTREGISTER_CALLS_PER_SECOND: '1000',
  FASTREGISTER_CALLS_PER_MINUTE: '100000',
  FASTREGISTER_CONCURRENCY: String(ROWS),
};
/** The first row is sent, and the others wait in the worker's hand for the next minute. */
const HOLDING = { ...FAST, FASTREGISTER_CALLS_PER_MINUTE: '1' };

const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const { held, jobs, first, all, calls } = await measure(round);
  rounds.push(all);
  const asked = calls === ROWS ? 'each row sent once' : `${calls} calls for ${ROWS} rows`;
  console.log(
    `round ${round + 1}: ${held} rows in ${jobs} jobs held by the dead worker; the first sent after ${first.toFixed(1)} s, all after ${all.toFixed(1)} s; ${asked}`,
  );
}
console.log(`longest ${Math.max(...rounds).toFixed(1)} s (wanted: at most ${WANTED_SECONDS} s)`);

async function measure(round) {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  const wechat = await startWechat();
  const store = await openStore(settingsFrom(environment(home, wechat.url, FAST)), log, 'background');
  const queue = new Queue('submit', { connection: store.redis, prefix: prefix() });
  const alive = new Set();
  const sent = async () => (await store.batches.counts('held')).awaiting_legal_person ?? 0;
  try {
    await acceptRows(store, 'held', 0, ROWS);
    const doomed = await startWorkers(1, environment(home, wechat.url, HOLDING));
    alive.add(doomed);
    await until(async () => (await sent()) === 1 && (await allAreInHand(store, queue)));
    await new Promise((resolve) => setTimeout(resolve, round * STEP_MS));
    alive.add(await startWorkers(1, environment(home, wechat.url, FAST)));
    await untilRenewed(store, queue);
    const [held, jobs] = [await store.redis.zcard(key('window', 'submit')), await queue.getActiveCount()];

    const killed = performance.now();
    alive.delete(doomed);
    await doomed.stop();
    await until(async () => (await sent()) > 1);
    const first = performance.now() - killed;
    await until(async () => (await sent()) === ROWS);
    const all = performance.now() - killed;
    return { held, jobs, first: first / 1000, all: all / 1000, calls: (await wechat.arrivals()).length };
  } finally {
    await Promise.all([...alive].map((worker) => worker.stop()));
    await queue.close();
    await store.close();
    wechat.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Every row that is not sent yet is in a job, and every job is with a worker. */
async function allAreInHand(store, queue) {
  const { active, ...others } = await queue.getJobCounts('active', 'wait', 'prioritized', 'delayed');
  const inJobs = await store.redis.zcard(key('window', 'submit'));
  return active > 0 && Object.values(others).every((count) => count === 0) && inJobs === ROWS - 1;
}

/** A worker renews the locks of its jobs together; seen by the life of the shortest one, which grows. */
async function untilRenewed(store, queue) {
  let before = Number.POSITIVE_INFINITY;
  await until(async () => {
    const locks = (await queue.getActive()).map(({ id }) => store.redis.pttl(`${queue.toKey(id)}:lock`));
    const shortest = Math.min(...(await Promise.all(locks)));
    const hasGrown = shortest > before;
    before = shortest;
    return hasGrown;
  });
}
