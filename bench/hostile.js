/**
 * Whether WeChat is answered while strangers attack the receiver: pushes at a steady pace, half of them on a new connection
 * and half on kept ones, beside one attack after the other. Wanted of each: every push answered within a second, no 5xx, and
 * at most 300 MB of memory. Usage: node bench/hostile.js [seconds an attack] [words of the attacks' names]
 *
 * Everything is on 127.0.0.1, where the limit for one address is none: so an attack has all the connections that it wants.
 * BENCH_DIST names another build to attack. The limit of open files must allow 12,000 (ulimit -n).
 */
import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { PUSH_PATH, ticketPushes } from './ticket-push.js';

const DIST = pathToFileURL(`${resolve(process.env.BENCH_DIST ?? fileURLToPath(new URL('../dist', import.meta.url)))}/`);
const { startListening } = await import(new URL('src/app/wiring/listening.js', DIST));
const { openStore } = await import(new URL('src/app/wiring/store.js', DIST));
const { readSettings } = await import(new URL('src/config.js', DIST));
const { REHEARSAL_CREDENTIALS } = await import(new URL('simulator/options.js', DIST));
const crypt = await import(new URL('src/wechat/crypt.js', DIST));

const SECONDS = Number(process.argv[2] ?? 8);
const WORDS = process.argv.slice(3);
const PUSHES_A_SECOND = 50;
const LATE_MS = 1_000;
const GIVEN_UP_MS = 10_000;
const MOST_MB = 300;
const MEGABYTES_A_SECOND = 20;
const PATH = PUSH_PATH;
const self = fileURLToPath(import.meta.url);
const sealed = ticketPushes(crypt, REHEARSAL_CREDENTIALS);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

const TRUSTED = { FASTREGISTER_EVENTS_TRUST_PROXY: 'loopback' };

/**
 * Each connection is opened again when it ends. `open` gets the socket and the bytes to send on it at the given pace.
 */
const ATTACKS = {
  nothing: { connections: 0 },
  'one-byte chunks from 10 connections': { connections: 10, open: stream(oneByteChunks()) },
  'one-byte chunks, 20 MB/s from 500 connections': { connections: 500, open: stream(oneByteChunks()), paced: true },
  '70 unfinished bodies of 1 MB': { connections: 70, open: once(head(1_048_576), Buffer.alloc(1_048_000, 'x')) },
  '2,000 unfinished bodies of 64 KB': { connections: 2_000, open: once(head(65_536), Buffer.alloc(65_000, 'x')) },
  '1,100 idle connections': { connections: 1_100, open: once() },
  '1,100 connections kept open by /livez': {
    connections: 1_100,
    open: askAgain('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n', 500),
  },
  '10,000 idle connections': { connections: 10_000, open: once() },
  '10,000 slow heads': { connections: 10_000, open: drip(`POST ${PATH} HTTP/1.1\r\nhost: x\r\n`, 'x-slow: 1\r\n') },
  '10,000 slow bodies': { connections: 10_000, open: drip(head(1_500), 'x') },
  '10,000 connections that post garbage': { connections: 10_000, open: askAgain(garbage(), 0) },
  'garbage, as fast as 64 connections can': { connections: 64, open: askAgain(garbage(), 0) },
  'garbage of 1.5 KB, 20 MB/s': { connections: 500, open: stream(garbage()), paced: true },
  'garbage of 64 KB, 20 MB/s': { connections: 200, open: stream(garbage(65_536)), paced: true },
  'garbage of 1 MB, 20 MB/s': { connections: 100, open: stream(garbage(1_048_576)), paced: true },
  'garbage of 10 MB, 20 MB/s': { connections: 100, open: stream(garbage(10_485_760)), paced: true },
  'a captured push, as fast as 64 connections can': {
    connections: 64,
    open: (socket) => askAgain(captured(), 0)(socket),
  },
  'pipelined GETs, 20 MB/s': {
    connections: 200,
    open: stream('GET /livez HTTP/1.0\r\n\r\n'.repeat(3_000)),
    paced: true,
  },
  'pipelined garbage, 20 MB/s': { connections: 200, open: stream(garbage(0).repeat(500)), paced: true },
  'heads of 2,000 lines, 20 MB/s': {
    connections: 200,
    open: stream(`GET /livez HTTP/1.1\r\n${'a:\r\n'.repeat(2_000)}\r\n`),
    paced: true,
  },
  'heads of 7 KB, 20 MB/s': {
    connections: 200,
    open: stream(`GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(7_000)}\r\n\r\n`),
    paced: true,
  },
  'no HTTP, 20 MB/s': { connections: 200, open: stream(randomBytes(65_536)), paced: true },
  'answers that nobody reads': {
    connections: 1_000,
    open: neverRead('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50)),
  },
  'connections opened and closed': { connections: 200, open: (socket) => socket.destroy() },
  'half-closed in the middle of a body': { connections: 2_000, open: halfClosed(head(1_500) + 'x'.repeat(700)) },
  'half-closed behind a whole request': { connections: 2_000, open: halfClosed(garbage()) },
  'queries of 3,500 parameters, 20 MB/s': {
    connections: 200,
    open: stream(garbage(1_500, `&%61=${'&a'.repeat(3_500)}`)),
    paced: true,
  },
  'bodies of 64 KB full of tags, 20 MB/s': {
    connections: 200,
    open: stream(head(65_536) + '</Encrypt><Encrypt '.repeat(65_536 / 19 + 1).slice(0, 65_536)),
    paced: true,
  },
  'chunks whose sizes are full of zeros, 20 MB/s': {
    connections: 200,
    open: stream(chunked('0'.repeat(65_000))),
    paced: true,
  },
  'chunks with extensions, 20 MB/s': {
    connections: 200,
    open: stream(chunked(`1;${'x'.repeat(8_000)}\r\nx\r\n`.repeat(8))),
    paced: true,
  },
  'CONNECT and upgrades': {
    connections: 500,
    open: once(
      'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    ),
  },
  'heads that expect a 100, and nothing behind them': {
    connections: 2_000,
    open: once(head(60_000, 'expect: 100-continue\r\n')),
  },
  'readyz, as fast as 64 connections can': {
    connections: 64,
    open: askAgain('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n', 0),
  },
  'captured pushes of four days ago, all different': {
    connections: 64,
    open: (socket) => askAgain(() => captured(Date.now() - 4 * 86_400_000), 0)(socket),
  },
  'a proxy that is trusted, each request from another address': {
    connections: 2_000,
    open: (socket) => askAgain(() => get(`x-forwarded-for: ${anyAddress()}`), 0)(socket),
    env: TRUSTED,
  },
  'a proxy that is trusted, heads of 800 addresses, 20 MB/s': {
    connections: 200,
    open: stream(get(`x-forwarded-for: ${'127.0.0.1,'.repeat(800)}127.0.0.1`)),
    paced: true,
    env: TRUSTED,
  },
  'a proxy that is trusted, unfinished requests of one client': {
    connections: 5_000,
    open: once(head(1_500, 'x-forwarded-for: 203.0.113.7\r\n')),
    env: TRUSTED,
  },
};

switch (process.env.BENCH_ROLE) {
  case 'receiver':
    await receive();
    break;
  case 'attacker':
    attack();
    break;
  default:
    await main();
}

async function receive() {
  const store = await openStore(settingsFrom(process.env), pino({ level: 'silent' }), 'background');
  process.send?.((await startListening(store)).port);
  // Leaves by itself, so that a profile of it is written.
  process.once('SIGTERM', () => process.exit());
}

function settingsFrom(env) {
  const ours = Object.entries(env).filter(([name]) => /^(FASTREGISTER|WECHAT|REDIS)_/.test(name));
  return readSettings({ env: Object.fromEntries(ours) });
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
  let failed = 0;
  // Its private Redis is shared by the receivers, and ends with this store.
  const store = await openStore(settingsFrom(env), pino({ level: 'silent' }), 'background');
  try {
    for (const name of Object.keys(ATTACKS)) {
      if (WORDS.length > 0 && !WORDS.some((word) => name.includes(word))) continue;
      if (!(await isHeld(name, env))) failed += 1;
    }
  } finally {
    agent.destroy();
    await store.close();
    rmSync(home, { recursive: true, force: true });
  }
  console.log(failed === 0 ? 'every goal is met' : `goals missed: ${failed}`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Each attack meets a receiver that has just started: what one of them leaves behind is not another's. */
async function isHeld(name, env) {
  const execArgv =
    process.env.BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`];
  const receiver = fork(self, {
    execArgv,
    env: { ...process.env, ...env, ...ATTACKS[name].env, BENCH_ROLE: 'receiver' },
  });
  const port = await new Promise((done) => receiver.once('message', done));
  const answers = [];
  await push(port, answers, 0);
  answers.length = 0;
  const attacker = fork(self, {
    env: { ...process.env, BENCH_ROLE: 'attacker', BENCH_PORT: port, BENCH_ATTACK: name },
  });
  let report = { opened: 0, refused: 0, open: 0, megabytes: 0 };
  attacker.on('message', (it) => {
    report = it;
  });
  const memory = setInterval(() => {
    most = Math.max(most, megabytesOf(receiver.pid));
  }, 50);
  let most = 0;
  const before = cpuMs(receiver.pid);
  const start = performance.now();
  const pushes = [];
  for (let sent = 0; performance.now() - start < SECONDS * 1_000; sent += 1) {
    pushes.push(push(port, answers, sent));
    await new Promise((done) => setTimeout(done, start + ((sent + 1) * 1_000) / PUSHES_A_SECOND - performance.now()));
  }
  await Promise.all(pushes);
  const busy = ((cpuMs(receiver.pid) - before) / (performance.now() - start)) * 100;
  clearInterval(memory);
  const gone = [receiver, attacker].map(
    (child) => child.exitCode !== null || child.signalCode !== null || new Promise((done) => child.once('exit', done)),
  );
  attacker.kill('SIGKILL');
  receiver.kill('SIGTERM');
  await Promise.all(gone);

  const took = answers.map(({ ms }) => ms).sort((one, other) => one - other);
  const at = (share) => (took[Math.min(Math.floor(took.length * share), took.length - 1)] ?? 0).toFixed(0);
  const late = answers.filter(({ ms, status }) => status !== 200 || ms > LATE_MS);
  const statuses = new Map();
  for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const held = late.length === 0 && most <= MOST_MB;
  console.log(
    `${held ? 'ok  ' : 'FAIL'} ${name}: ${answers.length} pushes, ${late.length} late or lost (${[...statuses].map((it) => it.join(': ')).join(', ')}), p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; ${most.toFixed(0)} MB, CPU ${busy.toFixed(0)} %; attacker: ${report.opened} connections, ${report.open} open, ${report.megabytes.toFixed(0)} MB sent`,
  );
  return held;
}

function megabytesOf(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  } catch {
    return 0;
  }
}

function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

// --- WeChat ----------------------------------------------------------------------------------------------------------

/** Status 0: no answer. */
function push(port, answers, number) {
  const { path, body } = sealed();
  const headers = { 'content-type': 'text/xml', 'content-length': body.length };
  const options = { port, host: '127.0.0.1', method: 'POST', path, headers, agent: number % 2 === 0 ? false : agent };
  const start = performance.now();
  return new Promise((done) => {
    const answered = (status) => {
      clearTimeout(late);
      answers.push({ status, ms: performance.now() - start });
      done();
    };
    const sent = httpRequest(options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('close', () => answered(text === 'success' ? response.statusCode : response.statusCode * 10));
    });
    const late = setTimeout(() => sent.destroy(new Error('late')), GIVEN_UP_MS);
    sent.on('error', () => answered(0));
    sent.end(body);
  });
}

// --- strangers -------------------------------------------------------------------------------------------------------

function head(length, more = '', parameters = '') {
  return `POST ${PATH}?timestamp=1790000000&nonce=1&msg_signature=${'0'.repeat(40)}${parameters} HTTP/1.1\r\nhost: x\r\n${more}content-length: ${length}\r\n\r\n`;
}

function get(line) {
  return `GET /livez HTTP/1.1\r\nhost: x\r\n${line}\r\n\r\n`;
}

function anyAddress() {
  return [...randomBytes(4)].map((byte) => 11 + (byte % 80)).join('.');
}

function chunked(body) {
  return `POST ${PATH}?timestamp=1&nonce=1&msg_signature=2 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${body}`;
}

function garbage(length = 1_500, parameters = '') {
  const text = `<xml><Encrypt>${createHash('sha256').update('x').digest('base64')}</Encrypt></xml>`;
  return head(length, '', parameters) + text.padEnd(length, ' ').slice(0, length);
}

function oneByteChunks() {
  return chunked('1\r\nx\r\n'.repeat(100_000));
}

let capturedPush;
function captured(at) {
  if (at === undefined) capturedPush ??= sealed();
  const { path, body } = at === undefined ? capturedPush : sealed(at);
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

function halfClosed(text) {
  return (socket) => {
    socket.allowHalfOpen = true;
    socket.resume().end(text);
  };
}

/** All of it at once, and nothing more. */
function once(...texts) {
  return (socket) => {
    for (const text of texts) socket.write(text);
    socket.resume();
  };
}

/** As much as the pace allows, again and again. */
function stream(text) {
  const bytes = Buffer.from(text);
  return (socket, paced) => {
    const write = () => {
      if (!socket.destroyed) paced(bytes.length, () => socket.write(bytes, () => setImmediate(write)));
    };
    socket.resume();
    write();
  };
}

/** One request at a time; `pauseMs` behind each answer. */
function askAgain(text, pauseMs) {
  const next = typeof text === 'function' ? text : () => text;
  return (socket) => {
    const send = () => {
      if (!socket.destroyed) socket.write(next());
    };
    socket.on('data', () => (pauseMs === 0 ? send() : setTimeout(send, pauseMs)));
    send();
  };
}

function drip(begin, piece) {
  return (socket) => {
    socket.write(begin);
    const timer = setInterval(() => socket.write(piece), 1_000);
    socket.on('close', () => clearInterval(timer)).resume();
  };
}

function neverRead(text) {
  return (socket) => {
    socket.pause();
    const timer = setInterval(() => socket.write(text), 200);
    socket.on('close', () => clearInterval(timer));
  };
}

function attack() {
  const { connections, open, paced = false } = ATTACKS[process.env.BENCH_ATTACK];
  const port = Number(process.env.BENCH_PORT);
  const report = { opened: 0, refused: 0, open: 0, megabytes: 0 };
  const waiting = [];
  let allowance = 0;

  const whenAllowed = (bytes, go) => {
    if (!paced) go();
    else waiting.push([bytes, go]);
  };
  setInterval(() => {
    allowance = Math.min(allowance + MEGABYTES_A_SECOND * 1e6 * 0.01, MEGABYTES_A_SECOND * 1e6 * 0.1);
    while (waiting.length > 0 && allowance > 0) {
      const [bytes, go] = waiting.shift();
      allowance -= bytes;
      go();
    }
  }, 10);
  setInterval(() => process.send?.(report), 100);

  const start = (number) => {
    // Ports of one address would be used up in a minute.
    const localAddress = `127.0.${1 + (number % 50)}.${1 + (report.opened % 200)}`;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    let sent = 0;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('connect', () => {
      report.opened += 1;
      report.open += 1;
      open(socket, whenAllowed);
      socket.on('close', () => {
        report.open -= 1;
      });
    });
    socket.on('close', () => {
      sent = socket.bytesWritten;
      report.megabytes += sent / 1e6;
      setImmediate(start, number);
    });
  };
  for (let number = 0; number < connections; number += 1) start(number);
}
