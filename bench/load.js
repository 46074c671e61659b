/**
 * `load` of a CSV with every check, against csv-parse alone on the same file (arrays) and against addBulk(1000) of the same
 * rows as BullMQ jobs, in the same run; peak memory of Node, CPU of Node and Redis, bytes a registration in Redis without the index
 * by which it is found, and growth: how much longer the last four tenths of the rows take than four of the first, after one to warm up. addBulk is measured with a fifth of the rows and scaled. Usage: node bench/load.js [rows] [rounds]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { parse } from 'csv-parse';
import { pino } from 'pino';
import { creditCodeCheck } from '../dist/src/domain/enterprise-code.js';
import { identifyWith } from '../dist/src/domain/merchant.js';
import { load } from '../dist/src/producer/load.js';
import { openSheet } from '../dist/src/producer/sheets/sheet.js';
import { openBatches } from '../dist/src/redis/ledger/batches.js';
import { connect } from '../dist/src/redis/server/connection.js';
import { joinPrivateServer } from '../dist/src/redis/server/private-server.js';
import { cpuSeconds, processOf } from './cpu.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const self = fileURLToPath(import.meta.url);
const { BENCH_ROLE: role, BENCH_FILE: file, FASTREGISTER_HOME: home } = process.env;

/** row-index.ts */
const BYTES_OF_INDEX = 8;

const log = pino({ level: 'silent' });
/** Enterprise codes of `fastregisterweapp`. */
const RULES = {
  needs: { legalPerson: true, codeTypes: [1, 2, 3], phone: true },
  details: ['name', 'legalPersonaWechat', 'legalPersonaName'],
  identify: identifyWith('the key of a bench'),
  acceptWarnings: true,
};

const ROLES = { parse: parseAlone, load: loadOnce, addBulk: addBulkOnce };
if (role === undefined) await main();
else process.send(await ROLES[role]());

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  try {
    const whole = await sheet(join(folder, 'whole.csv'), ROWS);
    const fifth = await sheet(join(folder, 'fifth.csv'), ROWS / 5);
    const rounds = [];
    for (let number = 1; number <= ROUNDS; number += 1) {
      const parsed = await inProcess(folder, 'parse', whole);
      const loaded = await inProcess(folder, 'load', whole);
      const bulk = await inProcess(folder, 'addBulk', fifth);
      const round = {
        parseSeconds: parsed.seconds,
        loadSeconds: loaded.seconds,
        timesParse: loaded.seconds / parsed.seconds,
        parseCpu: parsed.cpu,
        loadCpu: loaded.cpu,
        addBulkSeconds: bulk.seconds * 5,
        asFastAsAddBulk: (bulk.seconds * 5) / loaded.seconds,
        peakMB: loaded.peakMB,
        bytesEach: loaded.bytesEach,
        growth: loaded.growth,
      };
      rounds.push(round);
      console.log(`round ${number}: ${told(round)}`);
    }
    const median = Object.fromEntries(
      Object.keys(rounds[0]).map((name) => [name, middle(rounds.map((it) => it[name]))]),
    );
    console.log(`median: ${told(median)}`);
    console.log(
      'wanted: timesParse ≤ 3.4 (aimed at 2), asFastAsAddBulk ≥ 4, peakMB ≤ 200 (160), bytesEach ≤ 270 (200), growth 0.85–1.15',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A separate process and Redis, so that the memory is that of one load. */
async function inProcess(folder, name, path) {
  const place = mkdtempSync(join(folder, 'home-'));
  const child = fork(self, process.argv.slice(2), {
    env: { ...process.env, BENCH_ROLE: name, BENCH_FILE: path, FASTREGISTER_HOME: place },
  });
  const [result] = await once(child, 'message');
  await once(child, 'exit');
  rmSync(place, { recursive: true, force: true });
  return result;
}

async function parseAlone() {
  const start = performance.now();
  let rows = 0;
  for await (const _ of createReadStream(file).pipe(parse())) rows += 1;
  return { rows, seconds: secondsSince(start), cpu: cpuOfThis() };
}

/** Of all threads of this process, from its start. */
function cpuOfThis() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function loadOnce() {
  const { redis, close } = await open();
  const batches = openBatches(redis);
  const before = await usedMemory(redis);
  const start = performance.now();
  /** Seconds until so many tenths of the rows were there. */
  const after = [0];
  const onProgress = (rows) => {
    while (rows >= (ROWS / 10) * after.length) after.push(secondsSince(start));
  };
  const options = { batches, rules: RULES, now: Date.now, canaries: 0, onProgress };
  const { batch } = await load(await openSheet(file), file, options);
  const seconds = secondsSince(start);
  const index = batch.rows * BYTES_OF_INDEX;
  const bytesEach = ((await usedMemory(redis)) - before - index) / batch.rows;
  const cpu = cpuOfThis() + cpuSeconds([await processOf(redis)]);
  await close();
  const growth = (after[10] - after[6]) / (after[5] - after[1]);
  return { seconds, cpu, bytesEach, growth, peakMB: process.resourceUsage().maxRSS / 1024 };
}

async function addBulkOnce() {
  const { redis, close } = await open();
  const queue = new Queue('bench', { connection: redis, prefix: '{bench}' });
  const start = performance.now();
  let jobs = [];
  for await (const cells of createReadStream(file).pipe(parse({ from_line: 2 }))) {
    const [name, code, code_type, legal_persona_wechat, legal_persona_name, component_phone] = cells;
    const data = { name, code, code_type, legal_persona_wechat, legal_persona_name, component_phone };
    jobs.push({ name: 'create', data, opts: { jobId: `r-${code}` } });
    if (jobs.length < 1000) continue;
    await queue.addBulk(jobs);
    jobs = [];
  }
  if (jobs.length > 0) await queue.addBulk(jobs);
  const seconds = secondsSince(start);
  await queue.close();
  await close();
  return { seconds };
}

/** As the commands do it: appendfsync always, on a unix socket. */
async function open() {
  const { socketPath, leave } = await joinPrivateServer({ home, log });
  const redis = await connect({ socketPath }, 'background', log);
  return {
    redis,
    async close() {
      redis.disconnect();
      await leave();
    },
  };
}

async function usedMemory(redis) {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

async function sheet(path, rows) {
  const out = createWriteStream(path);
  out.write('name,code,code_type,legal_persona_wechat,legal_persona_name,component_phone\n');
  for (let n = 0; n < rows; n += 1) {
    const body = `91999900MA${String(n).padStart(7, '0')}`;
    const line = `示例第${n}号商贸有限公司,${body}${creditCodeCheck(body)},1,bench_${n},张示一,0592-0000000\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return path;
}

function secondsSince(start) {
  return (performance.now() - start) / 1000;
}

function middle(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function told(figures) {
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure.toFixed(2)}`)
    .join(', ');
}
