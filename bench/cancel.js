/**
 * What rows that were cancelled cost the others: the time from the start of `work` to the first of ten new rows behind
 * 300,000 cancelled ones, against none in the same run; the peak memory of `cancel` at a million rows; and the longest time
 * for which `purge` of these keeps Redis from everybody else. Usage: node bench/cancel.js [cancelled] [rows] [rounds]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../dist/src/app/wiring/store.js';
import { key } from '../dist/src/redis/keys.js';
import { acceptRows, environment, log, settingsFrom, startWechat, until } from './rig.js';

const CANCELLED = Number(process.argv[2] ?? 300_000);
const ROWS = Number(process.argv[3] ?? 1_000_000);
const ROUNDS = Number(process.argv[4] ?? 3);
const NEW_ROWS = 10;
const WANTED_SECONDS = 1;
const WANTED_MB = 200;
const WANTED_MS = 5;
const CONTROL_MS = 5_000;
const self = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));

if (process.env.BENCH_ROLE === 'command') await command();
else await main();

/** One command of fastregister, in a process of its own that says how much memory it took. */
async function command() {
  const start = performance.now();
  await import(program);
  const seconds = (performance.now() - start) / 1000;
  process.send({ seconds, peakMB: process.resourceUsage().maxRSS / 1024 }, () => process.disconnect());
}

async function main() {
  const added = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const none = await inHome(firstOfNew);
    const { cleared, listed } = await inHome(behindCancelled);
    added.push(cleared - none, listed - none);
    console.log(
      `round ${round}: from the start of work to the first of ${NEW_ROWS} new rows ${none.toFixed(2)} s; behind ${CANCELLED} cancelled ones ${cleared.toFixed(2)} s, and ${listed.toFixed(2)} s where these are still listed as ready`,
    );
  }
  console.log(`cancelled rows add at most ${Math.max(...added).toFixed(2)} s (wanted: at most ${WANTED_SECONDS} s)`);
  await atOnce(ROWS);
}

/**
 * `cancel` removes this many from the list of ready registrations; a `cancel` that was killed before leaves them there.
 */
async function behindCancelled(home) {
  const { env, store } = home;
  await acceptRows(store, 'old', 0, CANCELLED);
  await store.batches.complete('old');
  const ready = key('ready', 'submit');
  const ids = await store.redis.lrange(ready, 0, -1);
  await run(env, 'cancel', 'old', '--yes');
  const cleared = await firstOfNew(home, CANCELLED);
  for (let at = 0; at < ids.length; at += 5_000) await store.redis.rpush(ready, ...ids.slice(at, at + 5_000));
  const listed = await firstOfNew(home, CANCELLED + NEW_ROWS);
  return { cleared, listed };
}

async function firstOfNew({ env, store, wechat }, from = 0) {
  await acceptRows(store, `new${from}`, from, NEW_ROWS);
  await wechat.arrivals();
  const start = performance.now();
  const work = fork(program, ['work'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = once(work, 'exit');
  await until(async () => (await wechat.arrivals()).length > 0);
  const seconds = (performance.now() - start) / 1000;
  await until(async () => (await store.batches.counts(`new${from}`)).awaiting_legal_person === NEW_ROWS);
  work.kill('SIGKILL');
  await gone;
  return seconds;
}

async function atOnce(rows) {
  await inHome(async ({ env, store }) => {
    await acceptRows(store, 'old', 0, rows);
    await store.batches.complete('old');
    const cancel = await run(env, 'cancel', 'old', '--yes');
    const { redis } = store;
    console.log(
      `cancel of ${rows} rows: ${cancel.seconds.toFixed(1)} s, peak ${cancel.peakMB.toFixed(0)} MB (wanted: at most ${WANTED_MB} MB)`,
    );
    await redis.config('SET', 'slowlog-log-slower-than', WANTED_MS * 1000, 'slowlog-max-len', 100_000);
    const connection = await store.connect('background');
    const {
      before,
      during,
      value: purge,
    } = await stalls(redis, connection, () => run(env, 'purge', '--older-than', '1ms', '--yes'));
    console.log(`purge of ${rows} rows: ${purge.seconds.toFixed(1)} s, peak ${purge.peakMB.toFixed(0)} MB`);
    console.log(
      `longest stall of Redis ${during.longest.toFixed(1)} ms, ${during.over} of ${during.pings} PINGs waited longer than ${WANTED_MS} ms (wanted: none; without a purge: longest ${before.longest.toFixed(1)} ms, ${before.over} of ${before.pings})`,
    );
    console.log(
      `scripts and commands over ${WANTED_MS} ms: ${during.commands.length} ${during.commands.slice(0, 3).join(', ')}`,
    );
  });
}

/** How long others wait for Redis: while nothing happens, and during `work`. */
async function stalls(redis, connection, work) {
  const control = watch(connection);
  await new Promise((resolve) => setTimeout(resolve, CONTROL_MS));
  const before = await control();
  await redis.slowlog('RESET');
  const watching = watch(connection);
  const value = await work();
  const during = await watching();
  const slow = (await redis.slowlog('GET', -1)).sort(([, , one], [, , other]) => other - one);
  const commands = slow.map(([, , us, [name, digest = '']]) => `${(us / 1000).toFixed(1)} ms ${name} ${digest}`);
  return { before, during: { ...during, commands }, value };
}

/** Asks Redis for a sign of life every few milliseconds. */
function watch(connection) {
  const waits = [];
  let watching = true;
  const done = (async () => {
    while (watching) {
      const start = performance.now();
      await connection.ping();
      waits.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return async () => {
    watching = false;
    await done;
    const longest = waits.reduce((most, ms) => Math.max(most, ms), 0);
    return { longest, over: waits.filter((ms) => ms > WANTED_MS).length, pings: waits.length };
  };
}

async function run(env, ...args) {
  const child = fork(self, args, {
    env: { ...process.env, ...env, BENCH_ROLE: 'command' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const gone = once(child, 'exit');
  const [told] = await Promise.race([once(child, 'message'), gone]);
  await gone;
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${said}`);
  return told;
}

async function inHome(work) {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  const wechat = await startWechat();
  const env = environment(home, wechat.url, {});
  const store = await openStore(settingsFrom(env), log, 'background');
  try {
    return await work({ env, store, wechat });
  } finally {
    await store.close();
    wechat.stop();
    rmSync(home, { recursive: true, force: true });
  }
}
