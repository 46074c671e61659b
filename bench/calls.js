/**
 * Calls (`create` and `search`, which share WeChat's quota) for each created merchant, over a seeded mix of the simulator's
 * fates, against an oracle that knows every fate in advance. Usage: node bench/calls.js [rows] [seed]
 *
 * What the oracle needs is in MIX, fate by fate. Its rules:
 * - One `create` for every merchant: only WeChat can refuse a merchant, so refused merchants are sent too.
 * - Another `create` only after an answer that says "not now" (89247, -1, 89249), as often as WeChat gives it. The
 *   simulator counts such answers, so waiting longer would save no call.
 * - A lost answer is no reason for a second `create`: it could be a second task, and if there was one, the push shows it.
 * - One `search` where no push ever comes, and two where the answer was lost, too: nothing else may call such a merchant
 *   silent, nor ask its legal person in time. Where a push comes, none, however late: the oracle knows that it comes.
 * So the oracle creates the same merchants as we do, with the fewest calls.
 *
 * A day passes in a minute, and our waits with it, in the proportions of the defaults. Takes some five minutes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { fractionOf, pickByWeight } from '../dist/simulator/chance.js';
import { REHEARSAL_CREDENTIALS } from '../dist/simulator/options.js';
import { startSimulator } from '../dist/simulator/simulator.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import { creditCodeCheck } from '../dist/src/domain/enterprise-code.js';
import { DEFAULT_PATIENCE, WAIT_SETTINGS } from '../dist/src/domain/patience.js';
import { openLedger } from '../dist/src/redis/ledger/ledger.js';
import { log, settingsFrom } from './rig.js';

const ROWS = Number(process.argv[2] ?? 3_000);
const SEED = Number(process.argv[3] ?? 1);
const SPEED = 1_440;
const WANTED = 2;
const PATH = '/cgi-bin/component/fastregisterweapp';
const bin = fileURLToPath(new URL('../bin/fastregister', import.meta.url));

/** Of a thousand merchants so many meet the fate; the calls that it takes at least. */
// biome-ignore format: a table
const MIX = {
  // Created; nothing is odd but the moment at which the push comes.
  ok: { weight: 640, creates: 1, searches: 0 },
  in6h: { weight: 65, creates: 1, searches: 0 },
  slow: { weight: 10, creates: 1, searches: 0 },
  early: { weight: 5, creates: 1, searches: 0 },
  twice: { weight: 10, creates: 1, searches: 0 },
  late: { weight: 2, creates: 1, searches: 0 },
  // Refused after the legal person was asked, or never confirmed: WeChat pushes that after 24 hours.
  p100003: { weight: 90, creates: 1, searches: 0 },
  p103: { weight: 50, creates: 1, searches: 0 },
  p101: { weight: 15, creates: 1, searches: 0 },
  pm1: { weight: 15, creates: 1, searches: 0 },
  // Refused by `create`.
  c61070: { weight: 30, creates: 1, searches: 0 },
  c86004: { weight: 20, creates: 1, searches: 0 },
  // Not now, once or twice; then created.
  r1: { weight: 15, creates: 2, searches: 0 },
  r2: { weight: 5, creates: 3, searches: 0 },
  cm1x1: { weight: 5, creates: 2, searches: 0 },
  c89249x1: { weight: 3, creates: 2, searches: 0 },
  // The answer is lost, the task runs, and its push says so.
  cutafter: { weight: 3, creates: 1, searches: 0 },
  half: { weight: 2, creates: 1, searches: 0 },
  hang: { weight: 3, creates: 1, searches: 0 },
  h502after: { weight: 2, creates: 1, searches: 0 },
  // Nothing is ever pushed: the push was lost, or the call.
  lost: { weight: 5, creates: 1, searches: 1 },
  lostfail: { weight: 3, creates: 1, searches: 1 },
  cutx1: { weight: 1, creates: 1, searches: 2 },
  hanglostx1: { weight: 1, creates: 1, searches: 2 },
};

const weights = Object.fromEntries(Object.entries(MIX).map(([fate, { weight }]) => [fate, weight]));
const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
const port = await freePort();
const pushUrl = `http://127.0.0.1:${port}/wechat/events`;
const simulator = await startSimulator({ speed: SPEED, credentialsFrom: 'real', seed: SEED, mix: weights, pushUrl });
const env = environment();
// A member of the private Redis, which stays for the histories.
const store = await openStore(settingsFrom(env), log, 'background');
try {
  await main();
} finally {
  await store.close();
  await simulator.close();
  rmSync(home, { recursive: true, force: true });
}

async function main() {
  const [sheet, report] = [join(home, 'merchants.csv'), join(home, 'report.csv')];
  writeFileSync(sheet, sheetOfMerchants());
  await run(['run', sheet, '-o', report]);
  const fates = await toldByFate(parse(readFileSync(report), { bom: true, columns: true }));
  for (const [fate, it] of Object.entries(fates)) console.log(lineOf(fate, it));
  const [created, counted, oracle] = ['created', 'calls', 'oracle'].map((what) => sumOf(fates, what));
  const calls = callsSeen();
  if (calls !== counted) throw new Error(`the simulator saw ${calls} calls, and the histories tell of ${counted}`);
  const more = (calls / oracle - 1) * 100;
  console.log(
    `${ROWS} merchants, seed ${SEED}, ${created} created: ${calls} calls, ${(calls / created).toFixed(4)} for each created one; an ` +
      `oracle ${oracle}, ${(oracle / created).toFixed(4)}; ${more < 0 ? '' : '+'}${more.toFixed(1)} % (wanted: at most +${WANTED} %)`,
  );
}

function lineOf(fate, { merchants, created, creates, searches, calls, oracle }) {
  const cells = Object.entries({ merchants, created, creates, searches, oracle });
  const more = calls === oracle ? '' : `   ${calls > oracle ? '+' : ''}${calls - oracle}`;
  return fate.padEnd(11) + cells.map(([what, count]) => `${String(count).padStart(6)} ${what}`).join('') + more;
}

/** What the simulator saw is what counts. */
function callsSeen() {
  const answers = Object.values(simulator.state().calls[PATH] ?? {}).flatMap((counts) => Object.values(counts));
  return answers.reduce((sum, count) => sum + count, 0);
}

/** Searches do not name a merchant's code, so their merchants are taken from the histories. */
async function toldByFate(rows) {
  const ledger = openLedger(store.redis);
  const { merchants } = simulator.state();
  const nothing = { merchants: 0, created: 0, creates: 0, searches: 0, calls: 0, oracle: 0 };
  const fates = Object.fromEntries(Object.keys(MIX).map((fate) => [fate, { ...nothing }]));
  for (const { code, outcome, registration_id: id } of rows) {
    const fate = pickByWeight(weights, fractionOf(SEED, code));
    const creates = merchants[code]?.creates ?? 0;
    const searches = (await ledger.history(id)).filter(({ kind }) => kind === 'search_sent').length;
    const it = fates[fate];
    it.merchants += 1;
    it.created += outcome === 'created' ? 1 : 0;
    it.creates += creates;
    it.searches += searches;
    it.calls += creates + searches;
    it.oracle += MIX[fate].creates + MIX[fate].searches;
  }
  return fates;
}

function sumOf(fates, what) {
  return Object.values(fates).reduce((sum, it) => sum + it[what], 0);
}

/** 3: some rows need a person, as these fates mean them to. */
async function run(args) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const [status] = await once(child, 'close');
  if (status !== 0 && status !== 3)
    throw new Error(`fastregister ${args[0]} ended with ${status}: ${said.slice(-2_000)}`);
}

function sheetOfMerchants() {
  const lines = Array.from({ length: ROWS }, (_, n) => {
    const body = `91999900MA${String(n).padStart(7, '0')}`;
    return `示例第${n}号商贸有限公司,${body}${creditCodeCheck(body)},1,bench_${n},张示一,0592-0000000`;
  });
  return `${['name,code,code_type,legal_persona_wechat,legal_persona_name,component_phone', ...lines].join('\n')}\n`;
}

function environment() {
  const scaled = ['lostRecheckMs', 'busyWaitMs', 'pushWaitMs', 'pushRecheckMs', 'giveUpMs'].map((wait) => [
    WAIT_SETTINGS[wait].name,
    `${Math.ceil(DEFAULT_PATIENCE[wait] / SPEED)}ms`,
  ]);
  return {
    ...Object.fromEntries(scaled),
    FASTREGISTER_HOME: join(home, 'data'),
    FASTREGISTER_LOG_LEVEL: 'silent',
    FASTREGISTER_EVENTS_PORT: String(port),
    FASTREGISTER_RETRY_FIRST: '1s',
    FASTREGISTER_REQUEST_TIMEOUT: '5s',
    FASTREGISTER_DAILY_CALLS: '1000000',
    FASTREGISTER_CALLS_PER_MINUTE: '1000000',
    FASTREGISTER_CALLS_PER_SECOND: '100',
    FASTREGISTER_CONCURRENCY: '32',
    WECHAT_API_BASE_URL: simulator.url,
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
  };
}

async function freePort() {
  const placeholder = createServer().listen(0, '127.0.0.1');
  await once(placeholder, 'listening');
  const { port: free } = placeholder.address();
  placeholder.close();
  await once(placeholder, 'close');
  return free;
}
