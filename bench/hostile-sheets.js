/**
 * Hostile CSV and XLSX files in the inbox of a process that serves: nights read, load or reject each of them, while /livez is
 * asked every 20 ms. Says what became of the files, how long the slowest took, how long /livez took, and how much memory
 * the process had. Usage: node bench/hostile-sheets.js [--files N] [--seed S] [--keep DIR]
 *
 * --keep copies files that took longer than two seconds, or whose answer is a fault of ours, into a folder.
 */
import '../dist/src/cli/v8-flags.js';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { REHEARSAL_CREDENTIALS } from '../dist/simulator/options.js';
import { startListening } from '../dist/src/app/wiring/listening.js';
import { nightToolsOf } from '../dist/src/app/wiring/nights.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import { readSettings } from '../dist/src/config.js';
import { startConsoleOf } from '../dist/src/console/start.js';
import { runNight } from '../dist/src/nights/night.js';
import { hostileFile } from '../test/support/hostile-sheets.mjs';

const { values } = parseArgs({
  allowPositionals: true,
  options: { files: { type: 'string' }, seed: { type: 'string' }, keep: { type: 'string' } },
});
const FILES = Number(values.files ?? 20_000);
const SEED = Number(values.seed ?? 1);
const A_NIGHT = 200;
const ASK_EVERY_MS = 20;
const SLOW_MS = 2_000;
const self = fileURLToPath(import.meta.url);

const ROLES = { serve, make };
await (ROLES[process.env.BENCH_ROLE] ?? main)();

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'fr-'));
  const server = child('serve', home);
  const maker = child('make', home);
  try {
    const [{ ports }] = await once(server, 'message');
    const asking = startAsking(ports);
    await asking.forSeconds(5);
    const before = asking.figures();
    const answers = new Map();
    const files = [];
    for (let from = 0; from < FILES; from += A_NIGHT) {
      const inbox = await ask(maker, { from, to: Math.min(from + A_NIGHT, FILES) });
      const night = await ask(server, { inbox });
      for (const file of night) {
        const answer = answerOf(file);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        files.push(file);
        const isOdd = file.ms > SLOW_MS || /our program failed|^nothing/.test(file.why ?? '');
        if (isOdd) note(file, inbox);
      }
      if (files.length % 2_000 === 0) console.error(`${files.length} files, RSS ${memoryOf(server.pid).rss} MB`);
    }
    const during = await asking.end();
    const slowest = [...files].sort((a, b) => b.ms - a.ms).slice(0, 5);
    const holding = [...files].sort((a, b) => b.heldMs - a.heldMs).slice(0, 5);
    const largest = [...files].sort((a, b) => b.megabytes - a.megabytes).slice(0, 5);
    const { peak } = memoryOf(server.pid);
    console.log(
      [...answers]
        .sort((a, b) => b[1] - a[1])
        .map(([answer, count]) => `${String(count).padStart(6)}  ${answer}`)
        .join('\n'),
    );
    console.log(`\n${files.length} files, seed ${SEED}; without an answer: ${FILES - files.length}`);
    console.log(`slowest: ${slowest.map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(2)} s`).join(', ')}`);
    console.log(
      `held the loop longest: ${holding.map(({ name, heldMs }) => `${name} ${heldMs.toFixed(0)} ms`).join(', ')}`,
    );
    console.log(`/livez, ms: ${told(before)} without files; ${told(during)} beside them`);
    console.log(
      `peak memory of the process: ${peak} MB; ${largest.map(({ name, megabytes }) => `${name} ${megabytes} MB`).join(', ')}`,
    );
    console.log(
      'wanted: no file without an answer, none slower than 5 s without a step forward, p99 ≤ 100 ms, peak ≤ 250 MB',
    );
  } finally {
    maker.kill();
    server.disconnect();
    await once(server, 'exit');
    rmSync(home, { recursive: true, force: true });
  }
}

function child(role, home) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, BENCH_ROLE: role, FASTREGISTER_HOME: home };
  // As the commands are distinguished: V8 is set up for `serve`.
  return fork(self, [role, ...process.argv.slice(2)], { env });
}

async function ask(process_, message) {
  process_.send(message);
  return (await once(process_, 'message'))[0];
}

/** What became of a file, without what differs from file to file. */
function answerOf({ why = 'loaded' }) {
  return why
    .replace(/"[^"]*"(, )?/g, '"…"')
    .replace(/(?:"…")+/g, '"…"')
    .replace(/\b[0-9][0-9,]*\b/g, 'N')
    .replace(/\b[A-Z]+N\b/g, 'A1')
    .slice(0, 110);
}

function note(file, _inbox) {
  console.error(`${file.name}: ${(file.ms / 1000).toFixed(2)} s, ${file.why ?? 'loaded'}`);
  if (values.keep === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  copyFileSync(file.moved, join(values.keep, `${SEED}-${file.name}`));
}

function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { rss: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** Both ports in turn, one request at a time each. */
function startAsking(ports) {
  const agent = new Agent({ keepAlive: true });
  let times = [];
  let over = false;
  const loops = ports.map(async (port) => {
    while (!over) {
      const start = performance.now();
      await new Promise((resolve, reject) => {
        get({ port, host: '127.0.0.1', path: '/livez', agent }, (response) =>
          response.resume().once('end', resolve),
        ).once('error', reject);
      });
      times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  });
  const figures = () => {
    const sorted = times.sort((a, b) => a - b);
    times = [];
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  };
  return {
    figures,
    forSeconds: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
    async end() {
      over = true;
      await Promise.all(loops);
      agent.destroy();
      return figures();
    },
  };
}

function told({ p50, p99, p999, max }) {
  return `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, p99.9 ${p999.toFixed(1)}, max ${max.toFixed(0)}`;
}

/** Receiver, console and nights, as `serve` has them; when a night is, the main process says. */
async function serve() {
  const { FASTREGISTER_HOME } = process.env;
  const settings = readSettings({
    env: {
      FASTREGISTER_HOME,
      FASTREGISTER_EVENTS_PORT: '0',
      FASTREGISTER_CONSOLE_PORT: '0',
      FASTREGISTER_CONSOLE_PASSWORD: 'a password of a bench',
      WECHAT_API_BASE_URL: 'http://127.0.0.1:9',
      WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
      WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
      WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
      WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
    },
  });
  const store = await openStore(settings, pino({ level: 'silent' }), 'background');
  const parts = [await startListening(store), await startConsoleOf(store)];
  const redis = await store.connect('background');
  const tools = nightToolsOf(store, redis);
  const times = new Map();
  const memories = new Map();
  const held = new Map();
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  let memory = 0;
  setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss());
  }, 10);
  const readings = {
    ...tools.readings,
    begin(file) {
      times.set(file.path, performance.now());
      memory = 0;
      loop.reset();
      return tools.readings.begin(file);
    },
    end(file) {
      times.set(file.path, performance.now() - (times.get(file.path) ?? 0));
      held.set(file.path, loop.max / 1e6);
      memories.set(file.path, Math.max(memory, process.memoryUsage.rss()));
      return tools.readings.end(file);
    },
  };
  process.on('message', async ({ inbox }) => {
    times.clear();
    const plan = { inbox, timezone: 'Asia/Shanghai', language: 'en', until: 'submitted' };
    // As if it were tomorrow: the files are not written to any more.
    const now = () => Date.now() + 86_400_000;
    const night = await runNight(
      { ...tools, readings, now },
      plan,
      async () => 'submitted',
      new AbortController().signal,
    );
    // One inbox a night: earlier nights are not reported again.
    await redis.del('{fastregister}:nights');
    process.send(
      [...night.files, ...night.rejected].map(({ name, why, moved }) => ({
        name,
        why,
        moved,
        ms: times.get(join(inbox, name)) ?? 0,
        heldMs: held.get(join(inbox, name)) ?? 0,
        megabytes: Math.round((memories.get(join(inbox, name)) ?? 0) / 1024 ** 2),
      })),
    );
  });
  process.once('disconnect', async () => {
    for (const part of parts) await part.close();
    await store.close();
    process.exit();
  });
  process.send({ ports: parts.map(({ port }) => port) });
}

/** Files are made in a process of their own: packing them takes longer than reading them. */
async function make() {
  process.on('message', ({ from, to }) => {
    const inbox = join(process.env.FASTREGISTER_HOME, `inbox-${from}`);
    mkdirSync(`${inbox}.new`);
    for (let number = from; number < to; number += 1) {
      const { name, bytes } = hostileFile(SEED, number);
      writeFileSync(join(`${inbox}.new`, name), bytes);
    }
    renameSync(`${inbox}.new`, inbox);
    rmSync(join(process.env.FASTREGISTER_HOME, `inbox-${from - A_NIGHT}`), { recursive: true, force: true });
    process.send(inbox);
  });
}
