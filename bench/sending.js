/**
 * Merchants per second through two workers against an instant local server, with budget, fence, journal and history, as a
 * share of one bare BullMQ worker that makes the same POST in the same run; and what each costs of CPU, which other work on
 * the machine changes less. Both are measured once their processes have worked off as many rows before: until V8 has compiled what
 * runs often, which takes some seconds of a night's hours, a row costs twice as much.
 * Usage: node bench/sending.js [rows] [rounds] [workers] [rows before]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { openStore } from '../dist/src/app/wiring/store.js';
import { cpuSeconds, processOf } from './cpu.js';
import {
  acceptRows,
  environment,
  log,
  merchant,
  middle,
  settingsFrom,
  startWechat,
  startWorkers,
  until,
} from './rig.js';

const ROWS = Number(process.argv[2] ?? 20_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const WORKERS = Number(process.argv[4] ?? 2);
const ROWS_BEFORE = Number(process.argv[5] ?? ROWS);
const ALL_ROWS = ROWS_BEFORE + ROWS;
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
  const others = { wechat: wechat.pid, redis: await processOf(store.redis) };
  const rounds = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await bareRun(store, env, others);
      const ours = await ourRun(store, env, others, round);
      rounds.push({ bare, ours });
      console.log(`round ${round + 1}: bare BullMQ + POST ${told(bare)}; fastregister ${told(ours)}`);
    }
    const share = middle(rounds.map(({ bare, ours }) => ours.rate / bare.rate));
    const cpuShare = middle(rounds.map(({ bare, ours }) => bare.cpu / ours.cpu));
    console.log(
      `median: share of its rate ${share.toFixed(2)} (wanted: 0.90, aimed at: 1.20), by CPU ${cpuShare.toFixed(2)}`,
    );
  } finally {
    await store.close();
    wechat.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function bareRun(store, env, others) {
  const queue = new Queue('bare', { connection: store.redis, prefix: '{bare}' });
  for (let at = 0; at < ALL_ROWS; at += 1000) {
    const jobs = Array.from({ length: Math.min(1000, ALL_ROWS - at) }, (_, n) => at + n).map((n) => ({
      name: 'x',
      data: merchant(n),
      opts: { jobId: `j-${n}`, removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
  const role = { BENCH_ROLE: 'bare', BENCH_SOCKET: store.redis.options.path };
  const workers = await startWorkers(1, { ...env, ...role }, fileURLToPath(import.meta.url));
  return timed(
    workers,
    others,
    async () => ALL_ROWS - (await queue.getJobCountByTypes('wait', 'active', 'prioritized')),
  );
}

async function ourRun(store, env, others, round) {
  const id = `bench${round}`;
  await acceptRows(store, id, round * ALL_ROWS, ALL_ROWS);
  const workers = await startWorkers(WORKERS, env);
  return timed(workers, others, async () => (await store.batches.counts(id)).awaiting_legal_person ?? 0);
}

/** Rows a second, and microseconds of CPU a row. `done`: how many rows are done. */
async function timed(workers, { wechat, redis }, done) {
  const groups = [workers.pids, [redis], [wechat]];
  await until(async () => (await done()) >= ROWS_BEFORE);
  const doneBefore = await done();
  const before = groups.map(cpuSeconds);
  const start = performance.now();
  await until(async () => (await done()) === ALL_ROWS);
  const rows = ALL_ROWS - doneBefore;
  const seconds = (performance.now() - start) / 1000;
  const costs = groups.map((pids, at) => ((cpuSeconds(pids) - before[at]) / rows) * 1e6);
  await workers.stop();
  return { rate: rows / seconds, cpu: costs[0] + costs[1] + costs[2], costs };
}

function told({ rate, cpu, costs: [workers, redis, wechat] }) {
  const parts = `workers ${workers.toFixed(0)}, Redis ${redis.toFixed(0)}, server ${wechat.toFixed(0)}`;
  return `${rate.toFixed(0)}/s, ${cpu.toFixed(0)} µs of CPU (${parts})`;
}
