/**
 * Pushes per second through the receiver over 64 connections (verify, decrypt, parse, one durable write with
 * appendfsync always, answer), as a share of a bare node:http server that reads the body and answers `success` in the same
 * run; then how long an answer takes at half of that load. Usage: node bench/pushes.js [seconds a measurement]
 *
 * The receiver is the whole of `listen`: what it stores is recorded beside. Pushes are the ends of registrations that it
 * knows; BENCH_PUSH=ticket sends tickets. The client writes to bare sockets: one of node:http (BENCH_CLIENT=node) costs about as
 * much as the floor, and the ratio of the rates then ran from 0.42 to 0.80. CPU is that of the whole process, recording too.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { REHEARSAL_CREDENTIALS } from '../dist/simulator/options.js';
import { startListening } from '../dist/src/app/wiring/listening.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import { readSettings } from '../dist/src/config.js';
import { decodeAesKey, encrypt, signatureOf } from '../dist/src/wechat/crypt.js';

const SECONDS = Number(process.argv[2] ?? 3);
const CONNECTIONS = 64;
const ROUNDS = 5;
const MERCHANTS = 2_000;
const PATH = '/wechat/events';
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let over = false;
let nonces = 1_000_000_000;
const self = fileURLToPath(import.meta.url);
const log = pino({ level: 'silent' });
const key = decodeAesKey(REHEARSAL_CREDENTIALS.encodingAesKey);

// As if it were killed, but for the profile that `bench/profile.js` asks for.
if (process.env.BENCH_ROLE !== undefined) process.once('disconnect', () => process.exit());

switch (process.env.BENCH_ROLE) {
  case 'floor':
    serveFloor();
    break;
  case 'receiver':
    process.send?.((await startListening(await openStore(settingsFrom(process.env), log, 'background'))).port);
    break;
  default:
    await main();
}

function serveFloor() {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': 7 });
      response.end('success');
    });
  });
  // A round of the receiver on a busy machine takes longer than the five seconds that node:http keeps what is idle.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
}

function settingsFrom(env) {
  return readSettings({
    env: Object.fromEntries(Object.entries(env).filter(([name]) => /^(FASTREGISTER|WECHAT|REDIS)_/.test(name))),
  });
}

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  const env = {
    FASTREGISTER_HOME: home,
    FASTREGISTER_EVENTS_PORT: '0',
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
  };
  const store = await openStore(settingsFrom(env), log, 'background');
  const floor = await server('floor', {});
  const receiver = await server('receiver', env);
  const ratios = [];
  const cpuRatios = [];
  const requests = Array.from({ length: MERCHANTS }, (_, number) => requestOf(number));
  try {
    await load(store);
    let rate = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      const bare = await costing([floor.child.pid], () => full(floor.port, requests));
      const redisPid = Number(/process_id:(\d+)/.exec(await store.redis.info('server'))?.[1]);
      const ours = await costing([receiver.child.pid, redisPid], () => full(receiver.port, requests));
      rate = ours.rate;
      ratios.push(ours.rate / bare.rate);
      cpuRatios.push(ours.costs[0] / bare.costs[0]);
      console.log(
        `round ${round}: bare node:http ${bare.rate.toFixed(0)}/s, receiver ${ours.rate.toFixed(0)}/s (p99 ${ours.p99.toFixed(1)} ms), ratio ${(ours.rate / bare.rate).toFixed(2)}; CPU an answer: bare ${bare.costs[0]} µs, receiver ${ours.costs[0]} µs, Redis ${ours.costs[1]} µs`,
      );
    }
    const half = await paced(receiver.port, requests, rate / 2);
    const bareHalf = await paced(floor.port, requests, rate / 2);
    // How much of it are the syncs of the disk, of which an answer waits for one.
    await store.redis.config('SET', 'appendfsync', 'everysec');
    const unsynced = await paced(receiver.port, requests, rate / 2);
    const stored = await store.redis.xlen('{fastregister}:pushes');
    console.log(
      `at half load, ${half.rate.toFixed(0)}/s: p50 ${half.p50.toFixed(1)} ms, p99 ${half.p99.toFixed(1)} ms (wanted: below 25; the bare server at the same rate: ${bareHalf.p99.toFixed(1)} ms; with appendfsync everysec: ${unsynced.p99.toFixed(1)} ms)`,
    );
    console.log(
      `median: CPU ${middle(cpuRatios).toFixed(2)} times that of the bare server (wanted: 2, aimed at: 1.7), rate ${middle(ratios).toFixed(2)} of it; ${stored} pushes stored`,
    );
  } finally {
    over = true;
    agent.destroy();
    // A killed process is still in Redis' list of clients for a moment.
    await Promise.all([floor, receiver].map(({ child }) => ended(child)));
    await store.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** With the CPU time that these processes took for each answer, in µs, if /proc shows it. */
async function costing(pids, measure) {
  const before = pids.map(cpuMs);
  const result = await measure();
  const costs = pids.map((pid, at) => Math.round(((cpuMs(pid) - before[at]) / result.answers) * 1_000));
  return { ...result, costs };
}

function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    // User and system time, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

async function ended(child) {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}

async function server(role, env) {
  const child = fork(self, { env: { ...process.env, ...env, BENCH_ROLE: role } });
  const port = await new Promise((resolve) => child.once('message', resolve));
  return { child, port };
}

function merchant(number) {
  return {
    name: `虚构商户${number}号有限公司`,
    code: `91990000TE5T${String(number).padStart(6, '0')}`,
    codeType: 1,
    legalPersonaWechat: `bench-${number}`,
    legalPersonaName: '虚构人',
    componentPhone: '05920000000',
  };
}

/** So that what is recorded is what a day of pushes records: one end each, and repetitions. */
async function load(store) {
  const batch = await store.batches.open({
    id: 'bench',
    file: 'bench.csv',
    headings: ['name', 'code', 'code_type', 'legal_persona_wechat', 'legal_persona_name', 'component_phone'],
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt: Date.now(),
  });
  for (let first = 0; first < MERCHANTS; first += 500) {
    const rows = Array.from({ length: 500 }, (_, at) => {
      const it = merchant(first + at);
      const cells = [it.name, it.code, '1', it.legalPersonaWechat, it.legalPersonaName, it.componentPhone];
      return { line: first + at + 2, cells, merchant: it, problems: [], registration: store.identify(it.code) };
    });
    await store.batches.accept(batch, first, rows, { details: ['name'] });
  }
}

function requestOf(number) {
  const it = merchant(number);
  const seconds = Math.floor(Date.now() / 1000);
  const beginning = `<xml><AppId><![CDATA[${REHEARSAL_CREDENTIALS.componentAppid}]]></AppId><CreateTime>${seconds}</CreateTime>`;
  const end = `<InfoType><![CDATA[notify_third_fasteregister]]></InfoType><status>0</status><msg><![CDATA[OK]]></msg><appid><![CDATA[wxbench${number}]]></appid><auth_code><![CDATA[queryauthcode@@@${randomBytes(32).toString('base64url')}]]></auth_code><info><name><![CDATA[${it.name}]]></name><code><![CDATA[${it.code}]]></code><code_type>1</code_type><legal_persona_wechat><![CDATA[${it.legalPersonaWechat}]]></legal_persona_wechat><legal_persona_name><![CDATA[${it.legalPersonaName}]]></legal_persona_name><component_phone><![CDATA[${it.componentPhone}]]></component_phone></info></xml>`;
  const ticket = `<InfoType><![CDATA[component_verify_ticket]]></InfoType><ComponentVerifyTicket><![CDATA[ticket@@@${randomBytes(48).toString('base64url')}]]></ComponentVerifyTicket></xml>`;
  const encrypted = encrypt(
    key,
    beginning + (process.env.BENCH_PUSH === 'ticket' ? ticket : end),
    REHEARSAL_CREDENTIALS.componentAppid,
    randomBytes(16),
  );
  const body = `<xml><AppId><![CDATA[${REHEARSAL_CREDENTIALS.componentAppid}]]></AppId><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
  return { encrypted, seconds, body };
}

/** Signed anew each time, as WeChat does it: what was signed before is not stored again. */
function pathOf({ encrypted, seconds }) {
  const nonce = String(nonces++);
  const signature = signatureOf(REHEARSAL_CREDENTIALS.messageToken, String(seconds), nonce, encrypted);
  return `${PATH}?signature=${signature}&timestamp=${seconds}&nonce=${nonce}&encrypt_type=aes&msg_signature=${signature}`;
}

/** One request at a time. `answered` gets how many ms the answer took. */
async function client(port, answered) {
  return process.env.BENCH_CLIENT === 'node' ? httpClient(port, answered) : rawClient(port, answered);
}

function httpClient(port, answered) {
  const headers = { 'content-type': 'text/xml' };
  return {
    send(push) {
      const path = pathOf(push);
      const sentAt = performance.now();
      const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', path, agent, headers }, (response) => {
        if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
        response.resume().on('end', () => answered(performance.now() - sentAt));
      });
      sent.on('error', (error) => {
        if (!over) throw error;
      });
      sent.end(push.body);
    },
    end() {},
  };
}

async function rawClient(port, answered) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true).setEncoding('latin1');
  await new Promise((resolve) => socket.once('connect', resolve));
  let heard = '';
  let sentAt = 0;
  socket.on('data', (text) => {
    heard += text;
    if (!heard.endsWith('\r\n\r\nsuccess')) {
      if (/^HTTP\/1.1 (?!200)/.test(heard)) throw new Error(heard);
      return;
    }
    heard = '';
    answered(performance.now() - sentAt);
  });
  return {
    send(push) {
      const { body } = push;
      const head = `POST ${pathOf(push)} HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml\r\ncontent-length: ${body.length}\r\n\r\n`;
      sentAt = performance.now();
      socket.write(head + body);
    },
    end: () => socket.destroy(),
  };
}

/** As much as 64 connections can. */
async function full(port, requests) {
  const took = [];
  let next = 0;
  let answers = 0;
  let until = Number.POSITIVE_INFINITY;
  const clients = [];
  for (let at = 0; at < CONNECTIONS; at += 1) {
    const one = await client(port, (ms) => {
      took.push(ms);
      answers += 1;
      if (performance.now() < until) one.send(requests[next++ % requests.length]);
    });
    clients.push(one);
  }
  // Warm before it counts.
  for (const one of clients) one.send(requests[next++ % requests.length]);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  took.length = 0;
  const start = performance.now();
  until = start + SECONDS * 1_000;
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const rate = (took.length / (performance.now() - start)) * 1_000;
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const one of clients) one.end();
  return { rate, answers, ...quantiles(took) };
}

/** So many a second, each when it is due, whether the one before was answered or not. */
async function paced(port, requests, rate) {
  const took = [];
  const free = [];
  const due = [];
  let next = 0;
  const send = (one, dueAt) => {
    one.dueAt = dueAt;
    one.send(requests[next++ % requests.length]);
  };
  for (let at = 0; at < CONNECTIONS; at += 1) {
    const one = await client(port, () => {
      took.push(performance.now() - one.dueAt);
      const waiting = due.shift();
      if (waiting === undefined) free.push(one);
      else send(one, waiting);
    });
    free.push(one);
  }
  const start = performance.now();
  let scheduled = 0;
  while (performance.now() - start < SECONDS * 1_000) {
    const wanted = ((performance.now() - start) / 1_000) * rate;
    for (; scheduled < wanted; scheduled += 1) {
      const dueAt = start + (scheduled / rate) * 1_000;
      const one = free.pop();
      if (one === undefined) due.push(dueAt);
      else send(one, dueAt);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const measured = (took.length / (performance.now() - start)) * 1_000;
  return { rate: measured, ...quantiles(took) };
}

function middle(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

function quantiles(took) {
  const sorted = Float64Array.from(took).sort();
  const at = (share) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
