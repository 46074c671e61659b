/**
 * Merchants per second through two workers against an instant local server, with budget, fence and history, as a share of
 * one bare BullMQ worker that makes the same POST in the same run. Usage: node bench/sending.js [rows]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Pool } from 'undici';
import { openStore, startSending } from '../dist/app.js';
import { readSettings } from '../dist/config.js';

const ROWS = Number(process.argv[2] ?? 20_000);
const ROUNDS = 3;
const CONCURRENCY = 64;
const log = pino({ level: 'silent' });
const self = fileURLToPath(import.meta.url);

switch (process.env.BENCH_ROLE) {
  case 'wechat':
    serve();
    break;
  case 'worker':
    await startSending(await openStore(settingsFrom(process.env), log, 'worker'));
    process.send?.('ready');
    break;
  case 'bare':
    bareWorker();
    process.send?.('ready');
    break;
  default:
    await main();
}

function serve() {
  const answer = Buffer.from('{"errcode":0,"errmsg":"ok"}');
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
}

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
}

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  const wechat = fork(self, { env: { ...process.env, BENCH_ROLE: 'wechat' } });
  const port = await new Promise((resolve) => wechat.once('message', resolve));
  const env = {
    FASTREGISTER_HOME: home,
    WECHAT_API_BASE_URL: `http://127.0.0.1:${port}`,
    WECHAT_COMPONENT_APPID: 'wx0123456789abcdef',
    WECHAT_COMPONENT_ACCESS_TOKEN: 'bench',
    FASTREGISTER_DAILY_CALLS: '100000000',
    FASTREGISTER_CALLS_PER_MINUTE: '100000000',
    FASTREGISTER_CALLS_PER_SECOND: '1000000',
    FASTREGISTER_CONCURRENCY: String(CONCURRENCY),
  };
  const store = await openStore(settingsFrom(env), log, 'worker');
  const ratios = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await bareRate(store, env);
      const ours = await ourRate(store, env, round);
      ratios.push(ours / bare);
      console.log(
        `round ${round + 1}: bare BullMQ + POST ${bare.toFixed(0)}/s, fastregister ${ours.toFixed(0)}/s, ratio ${(ours / bare).toFixed(2)}`,
      );
    }
    console.log(`median ratio ${ratios.sort()[Math.floor(ROUNDS / 2)].toFixed(2)} (wanted: 0.60, aimed at: 0.80)`);
  } finally {
    await store.close();
    wechat.kill();
    rmSync(home, { recursive: true, force: true });
  }
}

async function bareRate(store, env) {
  const queue = new Queue('bare', { connection: store.redis, prefix: '{bare}' });
  for (let at = 0; at < ROWS; at += 1000) {
    await queue.addBulk(
      Array.from({ length: 1000 }, (_, n) => ({
        name: 'x',
        data: merchant(at + n),
        opts: { jobId: `j-${at + n}`, removeOnComplete: true },
      })),
    );
  }
  const socket = store.redis.options.path;
  return timed(
    env,
    { BENCH_ROLE: 'bare', BENCH_SOCKET: socket },
    1,
    async () => (await queue.getJobCountByTypes('wait', 'active', 'prioritized')) === 0,
  );
}

async function ourRate(store, env, round) {
  const id = `bench${round}`;
  const batch = await store.batches.open({
    id,
    file: 'bench',
    headings: [],
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt: Date.now(),
  });
  for (let at = 0; at < ROWS; at += 500) {
    const rows = Array.from({ length: 500 }, (_, n) => row(round * ROWS + at + n, at + n));
    await store.batches.accept(batch, at, rows);
  }
  return timed(
    env,
    { BENCH_ROLE: 'worker' },
    2,
    async () => (await store.batches.counts(id)).awaiting_legal_person === ROWS,
  );
}

/** So many workers from ready to done, in rows a second. */
async function timed(env, role, howMany, done) {
  const workers = Array.from({ length: howMany }, () => fork(self, { env: { ...process.env, ...env, ...role } }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  const start = performance.now();
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve) && worker.kill('SIGKILL'))),
  );
  return ROWS / seconds;
}

function merchant(n) {
  const code = `91350100M${String(n).padStart(8, '0')}0`;
  return {
    name: `示例第${n}号有限公司`,
    code,
    codeType: 1,
    legalPersonaWechat: `bench_${n}`,
    legalPersonaName: '示例',
    componentPhone: '05920000000',
  };
}

function row(n, line) {
  const it = merchant(n);
  const registration = String(n)
    .padStart(16, '0')
    .replace(/\d/g, (digit) => 'abcdefghij'[digit]);
  return { line, cells: Object.values(it).map(String), merchant: it, problems: [], registration };
}

function settingsFrom(env) {
  return readSettings({
    env: Object.fromEntries(Object.entries(env).filter(([name]) => /^(FASTREGISTER|WECHAT)_/.test(name))),
  });
}
