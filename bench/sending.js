/**
 * Merchants per second through two workers against an instant local server, with budget, fence and history, as a share of
 * one bare BullMQ worker that makes the same POST in the same run. Usage: node bench/sending.js [rows]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { openStore } from '../dist/src/app/wiring/store.js';
import { acceptRows, environment, log, merchant, settingsFrom, startWechat, startWorkers, until } from './rig.js';

const ROWS = Number(process.argv[2] ?? 20_000);
const ROUNDS = 3;
const CONCURRENCY = 64;

if (process.env.BENCH_ROLE === 'bare') bareWorker();
else await main();

function bareWorker() {
  const pool = new Pool(process.env.WECHAT_API_BASE_URL, { connections: CONCURRENCY });
  const connection = new Redis(process.env.BENCH_SOCKET, { maxRetriesPerRequest: null });
  new Worker(
    'bare',
    async (job) => {
      const { body } = await pool.request({ method: 'POST', path: '/', body: JSON.stringify(job.data) });
      await body.text();
    },
    { connection, prefix: '{bare}', concurrency: CONCURRENCY, removeOnComplete: { count: 0 } },
  );
  process.send?.('ready');
}

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  const wechat = await startWechat();
  const changes = { FASTREGISTER_CALLS_PER_SECOND: '1000000', FASTREGISTER_CONCURRENCY: String(CONCURRENCY) };
  const env = environment(home, wechat.url, changes);
  const store = await openStore(settingsFrom(env), log, 'background');
  const ratios = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await bareRate(store, env);
      const ours = await ourRate(store, env, round);
      ratios.push(ours / bare);
      const shown = `bare BullMQ + POST ${bare.toFixed(0)}/s, fastregister ${ours.toFixed(0)}/s`;
      console.log(`round ${round + 1}: ${shown}, ratio ${(ours / bare).toFixed(2)}`);
    }
    console.log(`median ratio ${ratios.sort()[Math.floor(ROUNDS / 2)].toFixed(2)} (wanted: 0.60, aimed at: 0.80)`);
  } finally {
    await store.close();
    wechat.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function bareRate(store, env) {
  const queue = new Queue('bare', { connection: store.redis, prefix: '{bare}' });
  for (let at = 0; at < ROWS; at += 1000) {
    const jobs = Array.from({ length: 1000 }, (_, n) => at + n).map((n) => ({
      name: 'x',
      data: merchant(n),
      opts: { jobId: `j-${n}`, removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
  const role = { BENCH_ROLE: 'bare', BENCH_SOCKET: store.redis.options.path };
  const workers = await startWorkers(1, { ...env, ...role }, fileURLToPath(import.meta.url));
  return timed(workers, async () => (await queue.getJobCountByTypes('wait', 'active', 'prioritized')) === 0);
}

async function ourRate(store, env, round) {
  const id = `bench${round}`;
  await acceptRows(store, id, round * ROWS, ROWS);
  const workers = await startWorkers(2, env);
  return timed(workers, async () => (await store.batches.counts(id)).awaiting_legal_person === ROWS);
}

/** From ready to done, in rows a second. */
async function timed(workers, done) {
  const start = performance.now();
  await until(done);
  const seconds = (performance.now() - start) / 1000;
  await workers.stop();
  return ROWS / seconds;
}
