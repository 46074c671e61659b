/**
 * A campaign of kills: workers, a receiver and Redis are killed, frozen and cut off from the power while rows are sent to the
 * simulator. Usage: npm run chaos -- --kills 20 --seed 1
 *
 * Power cuts take the last 0.9 s of the append-only file with them; failovers go to a replica that lags by 0.7 s. Each process
 * has a home of its own, as containers have. Prints rows, duplicates (merchants that got a second create), lost (accepted by
 * WeChat and not created here), stuck (without an outcome at the end) and the longest time until calls were made again.
 * Ends with 1 where any of duplicates, lost and stuck is not 0.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { REHEARSAL_CREDENTIALS } from '../../dist/simulator/options.js';
import { startSimulator } from '../../dist/simulator/simulator.js';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];

const CALLS_PER_SECOND = 40;
const BETWEEN_KILLS_MS = 600;
const CUT_OFF_MS = 900;
const LAG_MS = 700;
const HEALS_WITHIN_MS = 120_000;
const bin = fileURLToPath(new URL('../../bin/fastregister', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fr-chaos-'));
const current = join(folder, 'current.sock');

/** mulberry32: the same seed, the same campaign. */
let chance = seed;
function random() {
  chance = (chance + 0x6d2b79f5) | 0;
  let t = Math.imul(chance ^ (chance >>> 15), 1 | chance);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

// --- Redis: a primary and a replica, and a link that names the primary ------------------------------------------------

const servers = { a: undefined, b: undefined };
let primary = 'a';
/** Sizes of the primary's append-only file over the last seconds. */
let sizes = [];

const socketOf = (name) => join(folder, `${name}.sock`);
const dataOf = (name) => join(folder, name);

async function startRedis(name, port, replicaOf) {
  mkdirSync(dataOf(name), { recursive: true });
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socketOf(name), '--dir', dataOf(name)];
  const durable = [
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
    '--auto-aof-rewrite-percentage',
    '0',
  ];
  const follows =
    replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', String(replicaOf), '--repl-diskless-sync-delay', '0'];
  servers[name] = { port, child: spawn('redis-server', [...own, ...durable, ...follows], { stdio: 'ignore' }) };
  await untilTrue('Redis answers', async () => (await ask(name, (redis) => redis.ping()).catch(() => '')) === 'PONG');
}

async function ask(name, question) {
  const redis = new Redis({ path: socketOf(name), retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

async function killRedis(name) {
  const { child } = servers[name];
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function pointAt(name) {
  symlinkSync(socketOf(name), `${current}.new`);
  renameSync(`${current}.new`, current);
  primary = name;
  sizes = [];
}

function appendOnlyFile(name) {
  const files = join(dataOf(name), 'appendonlydir');
  const [file] = readdirSync(files)
    .filter((it) => it.endsWith('.incr.aof'))
    .sort()
    .reverse();
  return join(files, file);
}

const watching = setInterval(() => {
  try {
    const file = appendOnlyFile(primary);
    sizes.push({ at: Date.now(), file, size: statSync(file).size });
    if (sizes.length > 100) sizes.shift();
  } catch {
    // It is being started.
  }
}, 25);

async function powerCut() {
  const name = primary;
  const { port } = servers[name];
  await killRedis(name);
  // A rewrite begins another file: what is before it is on disk as a whole.
  const file = appendOnlyFile(name);
  const known = sizes.filter((it) => it.file === file);
  const kept = known.filter(({ at }) => at <= Date.now() - CUT_OFF_MS).at(-1) ?? known[0];
  if (kept !== undefined) truncateSync(file, kept.size);
  await startRedis(name, port);
  sizes = [];
}

async function failover() {
  const [old, next] = primary === 'a' ? ['a', 'b'] : ['b', 'a'];
  const [oldPort, nextPort] = [servers[old].port, servers[next].port];
  // After it was given everything, a replica writes its file anew: killed before that is done, it would know nothing.
  await untilTrue('the replica follows', () =>
    ask(next, async (redis) => {
      const info = await redis.info();
      return ['master_link_status:up', 'aof_rewrite_in_progress:0', 'aof_rewrite_scheduled:0'].every((it) =>
        info.includes(it),
      );
    }),
  );
  servers[next].child.kill('SIGSTOP');
  await sleep(LAG_MS);
  // What lies in the socket would reach the replica when it goes on: a network that lags drops that.
  await killRedis(next);
  await killRedis(old);
  await startRedis(next, nextPort);
  pointAt(next);
  rmSync(dataOf(old), { recursive: true });
  await startRedis(old, oldPort, nextPort);
}

// --- our processes ----------------------------------------------------------------------------------------------------

const running = new Map();

function start(name, args, env) {
  const home = join(folder, `home-${name}`);
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH, HOME: folder, ...env, FASTREGISTER_HOME: home },
    cwd: folder,
    stdio: ['ignore', 'ignore', process.env.CHAOS_LOG ? 'inherit' : 'ignore'],
  });
  running.set(name, { child, args, env });
  return new Promise((resolve) => child.once('exit', resolve));
}

async function killProcess(name) {
  const { child, args, env } = running.get(name);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  start(name, args, env);
}

async function freeze(name) {
  const { child } = running.get(name);
  child.kill('SIGSTOP');
  await sleep(2_000);
  child.kill('SIGCONT');
}

const KILLS = [
  ['power cut', 4, powerCut],
  ['failover', 3, failover],
  [
    'redis',
    1,
    async () => {
      const { port } = servers[primary];
      await killRedis(primary);
      await startRedis(primary, port);
    },
  ],
  ['worker', 2, () => killProcess(random() < 0.5 ? 'work-1' : 'work-2')],
  ['receiver', 1, () => killProcess('listen')],
  ['frozen worker', 1, () => freeze('work-1')],
];

function nextKill() {
  let at = random() * KILLS.reduce((sum, [, weight]) => sum + weight, 0);
  for (const kill of KILLS) {
    at -= kill[1];
    if (at < 0) return kill;
  }
  return KILLS[0];
}

// --- merchants --------------------------------------------------------------------------------------------------------

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

function creditCode(number) {
  const first = `91990000TE5T${String(number).padStart(5, '0')}`;
  const sum = [...first].reduce((total, it, at) => total + ALPHABET.indexOf(it) * (3 ** at % 31), 0);
  return first + ALPHABET[(31 - (sum % 31)) % 31];
}

function sheet(count) {
  const rows = Array.from(
    { length: count },
    (_, n) => `虚构商户${n}号（fate-ok）有限公司,${creditCode(n)},1,weixin_m${n},虚构人,05920000000`,
  );
  return `name,code,code_type,legal_persona_wechat,legal_persona_name,component_phone\n${rows.join('\n')}\n`;
}

async function untilTrue(what, condition, withinMs = 60_000) {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; ) {
    if (await condition().catch(() => false)) return true;
    await sleep(25);
  }
  throw new Error(`waited in vain until ${what}`);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// --- the campaign -----------------------------------------------------------------------------------------------------

async function main() {
  const rows = Math.ceil(((kills * (BETWEEN_KILLS_MS + 1_000)) / 1_000) * CALLS_PER_SECOND * 0.6) + 100;
  const port = await freePort();
  const simulator = await startSimulator({
    speed: 86_400,
    seed,
    credentialsFrom: 'real',
    pushRetryPauseMs: 200,
    pushUrl: `http://127.0.0.1:${port}/wechat/events`,
  });
  const env = {
    REDIS_URL: `unix:${current}`,
    FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    FASTREGISTER_EVENTS_PORT: String(port),
    FASTREGISTER_DAILY_CALLS: '1000000',
    FASTREGISTER_CALLS_PER_SECOND: String(CALLS_PER_SECOND),
    FASTREGISTER_CALLS_PER_MINUTE: '100000',
    FASTREGISTER_STOP_AFTER: '1000000',
    FASTREGISTER_REQUEST_TIMEOUT: '2s',
    FASTREGISTER_RETRY_FIRST: '200ms',
    FASTREGISTER_PUSH_WAIT: '4s',
    FASTREGISTER_PUSH_RECHECK: '1s',
    FASTREGISTER_GIVE_UP: '60s',
    WECHAT_API_BASE_URL: simulator.url,
    WECHAT_REGISTRATION_API: 'fastregisterweapp',
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
  };
  const [portA, portB] = [await freePort(), await freePort()];
  await startRedis('a', portA);
  pointAt('a');
  await startRedis('b', portB, portA);
  const file = join(folder, 'merchants.csv');
  writeFileSync(file, sheet(rows));
  if ((await start('load', ['load', file], env)) !== 0) throw new Error('the sheet could not be loaded');
  running.delete('load');
  start('listen', ['listen'], env);
  start('work-1', ['work'], env);
  start('work-2', ['work'], env);

  const merchants = () => Object.values(simulator.state().merchants);
  const calls = () => merchants().reduce((sum, { creates }) => sum + creates, 0);
  await untilTrue('the first calls are made', async () => calls() > 0);
  let longestMs = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    await sleep(BETWEEN_KILLS_MS * (0.5 + random()));
    const [name, , act] = nextKill();
    const before = calls();
    const began = Date.now();
    if (process.env.CHAOS_LOG) console.error(`--- ${kill} ${name} ${began}`);
    await act();
    await untilTrue('calls are made again', async () => calls() > before || calls() >= rows, HEALS_WITHIN_MS);
    longestMs = Math.max(longestMs, Date.now() - began);
    console.log(
      `${kill}/${kills} ${name}: calls again after ${((Date.now() - began) / 1000).toFixed(1)} s, ${calls()} of ${rows} rows sent`,
    );
  }

  const states = async () => {
    const redis = new Redis({ path: current, maxRetriesPerRequest: 1 });
    redis.on('error', () => {});
    try {
      const [batch] = await redis.lrange('{fastregister}:batches', 0, -1);
      return await redis.hgetall(`{fastregister}:counts:${batch}`);
    } finally {
      redis.disconnect();
    }
  };
  const created = async () => Number((await states()).created ?? 0);
  const began = Date.now();
  await untilTrue('all are created', async () => (await created()) === rows, HEALS_WITHIN_MS).catch(() => {});
  const seen = merchants();
  const duplicates = seen.filter(({ creates }) => creates > 1).length;
  const accepted = seen.filter(({ answers }) => (answers['0'] ?? 0) > 0).length;
  const counts = await states();
  const stuck = Object.entries(counts).reduce(
    (sum, [state, count]) => sum + (state === 'created' ? 0 : Number(count)),
    0,
  );
  const lost = Math.max(accepted - (await created()), 0);
  const facts = {
    kills,
    seed,
    rows,
    duplicates,
    lost,
    stuck,
    longest_without_calls_s: longestMs / 1000,
    healed_after_s: (Date.now() - began) / 1000,
  };
  console.log(JSON.stringify(facts));
  if (duplicates > 0) console.log(JSON.stringify(seen.filter(({ creates }) => creates > 1)));
  if (stuck > 0) console.log(JSON.stringify(counts));
  process.exitCode = duplicates + lost + stuck > 0 ? 1 : 0;
  await simulator.close();
}

try {
  await main();
} finally {
  clearInterval(watching);
  for (const { child } of running.values()) child.kill('SIGKILL');
  for (const server of Object.values(servers)) server?.child.kill('SIGKILL');
  if (!process.env.CHAOS_KEEP) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
