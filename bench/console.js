/**
 * Every page of the console with a million registrations in 2,000 batches: alone; with 50 browsers that follow live; and while
 * another million rows load and a hundred calls a second are made. Pushes come meanwhile, 20 a second. Says how long each page
 * took, how long the pushes took, and the most memory of `serve`.
 * Wanted: p99 of every page at most 150 ms alone and 300 ms beside the load, `serve` at most 200 MB with the browsers, pushes'
 * p99 at most a tenth higher with them. Usage: node bench/console.js [rows]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REHEARSAL_CREDENTIALS } from '../dist/simulator/options.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import * as crypt from '../dist/src/wechat/crypt.js';
import { below, browserOf, inWords, memoryOf, PASSWORD, PROGRAM, startProgram } from './browser.js';
import { acceptRows, environment, log, merchant, settingsFrom, startWechat, startWorkers, until } from './rig.js';
import { writeSheet } from './sheet.js';
import { ticketPushes } from './ticket-push.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const BATCHES = Math.max(1, Math.round(ROWS / 500));
const SENT_BEFORE = Math.min(20_000, ROWS / 2);
const FOLLOWERS = 50;
const ROUNDS = 40;
const PUSHES_A_SECOND = 20;
const PUSHES_FOR_MS = 20_000;

const sealed = ticketPushes(crypt, REHEARSAL_CREDENTIALS);
const home = mkdtempSync(join(tmpdir(), 'fr-'));
const wechat = await startWechat();
const env = {
  ...process.env,
  ...environment(home, wechat.url, {
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
    FASTREGISTER_COMPONENT_PHONE: '05920000000',
    FASTREGISTER_EVENTS_PORT: '0',
    FASTREGISTER_CONSOLE_PORT: '0',
    FASTREGISTER_CONSOLE_PASSWORD: PASSWORD,
    FASTREGISTER_CALLS_PER_SECOND: '100',
  }),
};

const store = await openStore(settingsFrom(env), log, 'background');
let server;
try {
  await fill();
  const { process: served, ports } = await startProgram(['serve'], env, ['console', 'receiver']);
  server = served;
  const address = `http://127.0.0.1:${ports.console}`;
  const browser = browserOf(address);
  await browser.logIn();
  const pages = await pagesOf(browser);
  const csrf = await browser.csrfAt('/merchants');

  for (const path of pages) await ask(browser, csrf, path);
  const alone = await look(browser, csrf, pages, ROUNDS);
  show('alone', alone, 150);
  const pushesAlone = await pushesFor(ports.receiver, PUSHES_FOR_MS);
  console.log(`pushes alone: ${inWords(pushesAlone)}`);

  const followers = Array.from({ length: FOLLOWERS }, (_, at) => follow(address, browser, at));
  await until(() => followers.every(({ heard }) => heard() > 0));
  const pushesFollowed = await pushesFor(ports.receiver, PUSHES_FOR_MS);
  const { most } = memoryOf(server.pid);
  console.log(`pushes with ${FOLLOWERS} browsers that follow: ${inWords(pushesFollowed)}`);
  console.log(`serve: at most ${most.toFixed(0)} MB with ${FOLLOWERS} browsers (wanted: 200)`);

  await sending('resume');
  const sheet = await writeSheet(join(home, 'rows.csv'), ROWS);
  const loading = spawn(process.execPath, [PROGRAM, 'load', sheet], { env, stdio: 'ignore' });
  const loaded = once(loading, 'exit');
  let isOver = false;
  loaded.then(() => {
    isOver = true;
  });
  const busy = new Map();
  const times = [];
  const pushing = (async () => {
    while (!isOver) times.push(...(await pushesFor(ports.receiver, 1_000)));
  })();
  while (!isOver) merge(busy, await look(browser, csrf, pages, 1));
  await pushing;
  show(`while ${ROWS} rows load and 100 calls a second are made`, busy, 300);
  console.log(`pushes meanwhile: ${inWords(times)}`);
  console.log(`serve: at most ${memoryOf(server.pid).most.toFixed(0)} MB`);
  for (const follower of followers) follower.end();
} finally {
  if (server !== undefined) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  await store.close();
  wechat.stop();
  rmSync(home, { recursive: true, force: true });
}

/** The batches; WeChat has taken some thousand rows, so that there are merchants to contact. */
async function fill() {
  const each = Math.ceil(ROWS / BATCHES);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    await acceptRows(store, `b${batch}`, batch * each, each, store.identify);
    await store.batches.complete(`b${batch}`);
  }
  const fast = { ...env, FASTREGISTER_CALLS_PER_SECOND: '5000' };
  const workers = await startWorkers(1, fast);
  await until(async () => (await store.workload.toSend()) <= ROWS - SENT_BEFORE);
  await sending('pause', '--because', 'the bench measures pages alone');
  await workers.stop();
}

async function sending(command, ...reason) {
  const child = spawn(process.execPath, [PROGRAM, command, ...reason], { env, stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

async function pagesOf(browser) {
  const [row] = await store.batches.page(await store.batches.find('b0'), 0);
  const { id } = row.relation;
  const found = [
    '/',
    '/sheets/new',
    '/batches',
    '/batches/b0',
    '/batches/b0?outcome=pending',
    '/batches/b0/codes',
    '/todo',
  ];
  found.push('/merchants', `search ${merchant(Math.floor(ROWS / 3)).code}`, `search ${merchant(7).name}`);
  found.push(
    `/merchants/${id}`,
    `/merchants/${id}/correct`,
    '/nights',
    '/pushes',
    '/line',
    '/settings',
    '/users',
    '/audit',
  );
  for (const path of found.filter((it) => it.startsWith('/'))) {
    const { status } = await browser.ask(path);
    if (status !== 200) throw new Error(`${path} answered ${status}`);
  }
  return found;
}

async function ask(browser, csrf, page) {
  const began = performance.now();
  const [, text] = /^search (.*)/.exec(page) ?? [];
  let answer =
    text === undefined
      ? await browser.ask(page)
      : await browser.post('/merchants', new URLSearchParams({ csrf, q: text }));
  // The results of a search are a page of their own.
  if (answer.status === 303) answer = await browser.ask(answer.headers.get('location'));
  const { length } = await answer.text();
  if (answer.status !== 200 || length < 1_000) throw new Error(`${page} answered ${answer.status}`);
  return performance.now() - began;
}

async function look(browser, csrf, pages, rounds) {
  const took = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const page of pages) merge(took, new Map([[page, [await ask(browser, csrf, page)]]]));
  }
  return took;
}

function merge(into, more) {
  for (const [page, times] of more) into.set(page, [...(into.get(page) ?? []), ...times]);
}

function show(when, took, wanted) {
  const shown = [...took].sort(([, one], [, other]) => below(other, 0.99) - below(one, 0.99));
  console.log(`${when}: all pages ${inWords(shown.flatMap(([, times]) => times))} (wanted: p99 ${wanted})`);
  for (const [page, times] of shown) {
    console.log(`${below(times, 0.99) <= wanted ? 'ok  ' : 'FAIL'}   ${page}: ${inWords(times)}`);
  }
}

/** On time, whether or not the one before was answered; each on a connection of its own in turn with a kept one. */
async function pushesFor(port, ms) {
  const agent = new Agent({ keepAlive: true });
  const times = [];
  const open = [];
  const began = performance.now();
  for (let sent = 0; performance.now() - began < ms; sent += 1) {
    open.push(pushed(port, sent % 2 === 0 ? agent : undefined).then((took) => times.push(took)));
    await sleep(1_000 / PUSHES_A_SECOND);
  }
  await Promise.all(open);
  agent.destroy();
  return times;
}

function pushed(port, agent) {
  const { path, body } = sealed();
  const headers = { 'content-type': 'text/xml', 'content-length': body.length };
  const began = performance.now();
  return new Promise((done, fail) => {
    const asked = request(
      { port, host: '127.0.0.1', method: 'POST', path, headers, agent: agent ?? false },
      (answer) => {
        answer.resume();
        answer.on('end', () => done(performance.now() - began));
        if (answer.statusCode !== 200) fail(new Error(`a push was answered ${answer.statusCode}`));
      },
    );
    asked.on('error', fail);
    asked.end(body);
  });
}

/** The first page, or a batch of its own. */
function follow(address, browser, number) {
  const path = number % 2 === 0 ? '/live' : `/live/batches/b${number % BATCHES}`;
  let bytes = 0;
  const asked = get(address + path, { headers: { cookie: browser.cookies() }, agent: false }, (answer) => {
    answer.on('data', (piece) => {
      bytes += piece.length;
    });
  });
  asked.on('error', () => {});
  return { heard: () => bytes, end: () => asked.destroy() };
}
