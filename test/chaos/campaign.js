/**
 * A campaign of kills: workers, receivers, loaders and Redis are killed, frozen, cut off from the power and replaced by a replica
 * that lags, while rows are sent to the simulator, by both registration APIs side by side.
 *
 *     npm run chaos -- --kills 20 --seed 1
 *     npm run chaos -- --kills 0 --power-cuts 12 --seed 2
 *     npm run chaos -- --kills 0 --failovers 6 --api fastregisterweapp
 *
 * Power cuts take the last 0.9 s of the append-only file with them, and a replica lacks the last 0.7 s. With an odd seed each
 * process has a home of its own, as containers have; with an even one all share one, as on a single machine. Of each API it
 * prints, as one line of JSON:
 *
 *   rows        of all sheets            duplicates  merchants that were asked twice without a reason
 *   absent      of them, in no report    lost        a push was answered `success`, and the report says otherwise
 *   stuck       without an outcome       slow        kills after which no call was made for 30 s
 *   review      rows that wait for a person: their worker was killed between permission and call, so nobody knows
 *   resent      rows that were sent again because the answer with their link was lost: WeChat has asked nobody
 *   longest_without_calls_s, healed_after_s: from the end of a kill until calls went, and from the last one until all was over
 *
 * Ends with 1 where any of duplicates, absent, lost, stuck and slow is not 0.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { REHEARSAL_CREDENTIALS } from '../../dist/simulator/options.js';
import { startSimulator } from '../../dist/simulator/simulator.js';
import { merchants, sheet, verdict } from './merchants.js';
import { startRedisPair } from './redis-pair.js';
import { freePort, untilTrue } from './waiting.js';

const APIS = ['fastregisterweapp', 'fastregisterenterpriseweapp'];

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    'power-cuts': { type: 'string', default: '0' },
    failovers: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    api: { type: 'string', multiple: true, default: APIS },
    /** No further kill after so long. */
    seconds: { type: 'string', default: '100000' },
    /** A folder that is kept, with the log of every process. */
    keep: { type: 'string' },
  },
});
const seed = Number(values.seed);

const CALLS_PER_SECOND = 25;
const BETWEEN_KILLS_MS = 600;
const SHEET_ROWS = 150;
const FEW_ROWS = 100;
/** Where Redis lost the answer of a call that the others wait for, that call is waited for up to 20 s, after reconnecting. */
const SLOW_MS = 30_000;
const RESTART_MS = 500;
const HEALS_WITHIN_MS = 90_000;
/** A call that was on its way tells nothing. */
const CALLS_OF_A_HEALED_LINE = 3;
const bin = fileURLToPath(new URL('../../bin/fastregister', import.meta.url));

/** mulberry32: the same seed, the same campaign. */
function chanceFrom(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Names of kills by how many of twelve they are. */
const MIX = [
  ['power cut', 3],
  ['failover', 1],
  ['redis', 2],
  ['worker', 3],
  ['receiver', 2],
  ['frozen worker', 1],
];

function planOf(random) {
  const kills = Array.from({ length: Number(values.kills) }, () => {
    let at = random() * 12;
    for (const [name, share] of MIX) {
      at -= share;
      if (at < 0) return name;
    }
    return 'worker';
  });
  const cuts = new Array(Number(values['power-cuts'])).fill('power cut');
  const failovers = new Array(Number(values.failovers)).fill('failover');
  return [...kills, ...cuts, ...failovers].map((name) => [random(), name]).sort(([one], [other]) => one - other);
}

async function campaign(api, folder) {
  const random = chanceFrom(seed * 2 + APIS.indexOf(api));
  const plan = planOf(random).map(([, name]) => name);
  const say = (text) => console.log(`${api.replace('fastregister', '')} ${text}`);
  const began = Date.now();
  const since = () => ((Date.now() - began) / 1000).toFixed(1);

  mkdirSync(folder);
  const pair = await startRedisPair(folder, children);
  const port = await freePort();
  const simulator = await startSimulator({
    speed: 86_400,
    seed,
    credentialsFrom: 'real',
    pushRetryPauseMs: 200,
    pushRetries: 10,
    pushUrl: `http://127.0.0.1:${port}/wechat/events`,
  });
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    REDIS_URL: `unix:${pair.path}`,
    FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    FASTREGISTER_EVENTS_PORT: String(port),
    FASTREGISTER_DAILY_CALLS: '1000000',
    FASTREGISTER_CALLS_PER_SECOND: String(CALLS_PER_SECOND),
    FASTREGISTER_CALLS_PER_MINUTE: '100000',
    FASTREGISTER_STOP_AFTER: '1000000',
    FASTREGISTER_REQUEST_TIMEOUT: '2s',
    FASTREGISTER_RETRY_FIRST: '200ms',
    FASTREGISTER_LOST_RECHECK: '1s',
    FASTREGISTER_RESULT_WAIT: '1s',
    FASTREGISTER_PROBE_FIRST: '200ms',
    FASTREGISTER_PROBE_MAX: '1s',
    // Long enough to find out whose a Mini Program is of which the push names only the task.
    FASTREGISTER_PUSH_WAIT: '10s',
    FASTREGISTER_PUSH_RECHECK: '1s',
    FASTREGISTER_GIVE_UP: '16s',
    WECHAT_API_BASE_URL: simulator.url,
    WECHAT_REGISTRATION_API: api,
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
  };

  /** No more sheets; no more of anything. */
  let [isFed, isOver] = [false, false];

  // --- our processes ---

  const running = new Map();
  const log = createWriteStream(join(folder, 'log.jsonl'), { flags: 'a' });

  function run(name, args, output) {
    const home = join(folder, seed % 2 === 0 ? 'home' : `home-${name}`);
    const child = spawn(process.execPath, [bin, ...args], {
      env: { ...env, FASTREGISTER_HOME: home },
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    child.stdout.on('data', (bytes) => output?.push(bytes));
    child.stderr.on('data', (bytes) => log.write(String(bytes).replace(/^/gm, `${name} `)));
    return { name, args, child, ended: new Promise((resolve) => child.once('close', resolve)) };
  }

  /** As systemd or a container runtime does: a process that ends by itself is started again. */
  function keepRunning(name, args) {
    const started = run(name, args);
    running.set(name, started);
    void started.ended.then(async () => {
      await sleep(RESTART_MS);
      if (!isOver && running.get(name) === started) keepRunning(name, args);
    });
  }

  async function killAndStart(name) {
    const { args, child, ended } = running.get(name);
    // First, so that it is started again once.
    running.delete(name);
    child.kill('SIGKILL');
    await ended;
    keepRunning(name, args);
  }

  async function freeze(name) {
    const { child } = running.get(name);
    child.kill('SIGSTOP');
    await sleep(2_000);
    child.kill('SIGCONT');
  }

  /** As a person does it: loaded again until it went well. */
  async function load(...files) {
    for (let tries = 1; ; tries += 1) {
      const { child, ended } = run('load', ['load', ...files]);
      const mayBeKilled = tries === 1 && files.length === 1 && random() < 0.4;
      if (mayBeKilled) setTimeout(() => child.kill('SIGKILL'), 400 + 800 * random());
      const status = await ended;
      if (status === 0) return;
      if (tries === 20) throw new Error(`load ends with ${status}`);
      await sleep(200);
    }
  }

  // --- what became of the rows ---

  const all = [];
  const files = [];
  async function loadMore() {
    const rows = merchants(all.length, SHEET_ROWS);
    const file = join(folder, `sheet-${files.length + 1}.csv`);
    writeFileSync(file, sheet(rows));
    files.push(file);
    all.push(...rows);
    await load(file);
  }

  async function states() {
    const redis = new Redis({ path: pair.path, maxRetriesPerRequest: 1 });
    redis.on('error', () => {});
    try {
      return await redis.hgetall('{fastregister}:states');
    } finally {
      redis.disconnect();
    }
  }
  const inStates = async (...names) => {
    const counts = await states();
    return names.reduce((sum, name) => sum + Number(counts[name] ?? 0), 0);
  };
  const seen = () => simulator.state().merchants;
  const calls = () => Object.values(seen()).reduce((sum, { creates }) => sum + creates, 0);

  async function outcomes() {
    const output = [];
    const status = await run('report', ['report', '--all', '--json'], output).ended;
    if (status !== 0 && status !== 3) throw new Error(`report ends with ${status}`);
    const rows = Buffer.concat(output)
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return new Map(
      rows.map(({ input, outcome, registration_id: id }) => [
        input.code,
        { outcome: outcome.replace('already_', ''), id },
      ]),
    );
  }

  /** Codes of those that were sent again because their link was lost. The log has them: Redis may have forgotten that fact. */
  function sentAgain(reported) {
    const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').split('\n');
    const again = lines.filter((line) => line.includes('"fact":"link_lost"'));
    const ids = new Set(again.map((line) => /"registration":"(\w+)"/.exec(line)?.[1]));
    return new Set([...reported].filter(([, { id }]) => ids.has(id)).map(([code]) => code));
  }

  // --- the campaign ---

  const KILLS = {
    'power cut': pair.powerCut,
    failover: pair.failover,
    redis: pair.restart,
    worker: () => killAndStart(random() < 0.5 ? 'work-1' : 'work-2'),
    receiver: () => killAndStart('listen'),
    'frozen worker': () => freeze('work-1'),
  };

  async function feed() {
    while (!isFed) {
      if ((await inStates('queued', 'deferred').catch(() => FEW_ROWS)) < FEW_ROWS) await loadMore();
      await sleep(100);
    }
  }

  let [slow, longestMs] = [0, 0];
  try {
    await loadMore();
    keepRunning('listen', ['listen']);
    keepRunning('work-1', ['work']);
    keepRunning('work-2', ['work']);
    await untilTrue('the first calls are made', () => calls() > 0);
    const feeding = feed();
    let kills = 0;
    for (const [number, name] of plan.entries()) {
      if (Date.now() - began > Number(values.seconds) * 1_000) break;
      kills = number + 1;
      await sleep(BETWEEN_KILLS_MS * (0.5 + random()));
      log.write(`--- ${number + 1} ${name} ${Date.now()}\n`);
      await KILLS[name]();
      const before = calls();
      const nothingToSend = async () => (await inStates('queued', 'deferred')) === 0;
      const healed = async () => calls() >= before + CALLS_OF_A_HEALED_LINE || (await nothingToSend());
      const ms = await untilTrue(`calls are made again after ${name}`, healed, HEALS_WITHIN_MS);
      longestMs = Math.max(longestMs, ms);
      if (ms > SLOW_MS) slow += 1;
      say(
        `${since()} s: ${number + 1}/${plan.length} ${name}, calls again after ${(ms / 1000).toFixed(1)} s (${calls()})`,
      );
    }
    isFed = true;
    await feeding;
    const lastKill = Date.now();
    // Sheets are in no journal: what Redis has forgotten of them is loaded again.
    await load(...files);
    const pending = () => inStates('queued', 'deferred', 'submitting', 'awaiting_legal_person');
    await untilTrue('every row has its outcome', async () => (await pending()) === 0, HEALS_WITHIN_MS).catch(() => {});
    const reported = await outcomes();
    const resent = sentAgain(reported);
    const found = verdict(all, seen(), new Map([...reported].map(([code, { outcome }]) => [code, outcome])), resent);
    const { duplicates, absent, lost, stuck, review } = found;
    const facts = {
      api,
      seed,
      kills,
      rows: all.length,
      duplicates: duplicates.length,
      absent: absent.length,
      lost: lost.length,
      stuck: stuck.length,
      slow,
      review: review.length,
      resent: resent.size,
      calls_per_second: simulator.state().peak.perSecond,
      longest_without_calls_s: longestMs / 1000,
      healed_after_s: (Date.now() - lastKill) / 1000,
    };
    for (const kind of ['duplicates', 'absent', 'lost', 'stuck']) {
      for (const merchant of found[kind].slice(0, 5)) say(`${kind}: ${JSON.stringify(merchant)}`);
    }
    // Enough to look it up in the log.
    writeFileSync(join(folder, 'found.json'), JSON.stringify(found, null, 1));
    return { facts, isFaulty: duplicates.length + absent.length + lost.length + stuck.length + slow > 0 };
  } finally {
    isFed = true;
    isOver = true;
    for (const { child } of running.values()) child.kill('SIGKILL');
    await simulator.close();
    await pair.end();
  }
}

/** Every process of the campaign, should it be ended before its time. */
const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill('SIGKILL');
    process.exit(1);
  });
}

const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'fr-chaos-'));
mkdirSync(folder, { recursive: true });
try {
  const ends = await Promise.allSettled(values.api.map((api) => campaign(api, join(folder, api))));
  process.exitCode = ends.some(({ value }) => value === undefined || value.isFaulty) ? 1 : 0;
  for (const { value, reason } of ends) console.log(value === undefined ? reason : JSON.stringify(value.facts));
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
