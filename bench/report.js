/**
 * The report of a large batch, against reading the same bytes from Redis over a bare socket in the same run.
 * Usage: node bench/report.js [rows]. The first run of a size fills a Redis under the temp folder, later ones reuse it
 * while BENCH_HOME names the folder.
 *
 * "The same bytes" are measured twice: what the script of a page answers, and the plain commands that read the same (LRANGE a
 * page, HGET a registration), of which a large report sends most. Seconds and peak memory are those of the whole command, from its start.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { openStore } from '../dist/src/app/wiring/store.js';
import { readSettings } from '../dist/src/config.js';
import { ROWS_PER_PAGE } from '../dist/src/domain/batch.js';
import { key } from '../dist/src/redis/keys.js';
import { outcomeText, registrationFrom, shortNameOf } from '../dist/src/redis/ledger/registration-fields.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 5;
const home = process.env.BENCH_HOME ?? mkdtempSync(join(tmpdir(), 'fr-bench-'));
const out = join(home, 'report.csv');
const BATCH = `bench${ROWS}`;

/** Printed by the command at its end, on stdout, which a report in a file leaves free. */
const TELL = `process.on('exit', () => console.log(JSON.stringify({ seconds: performance.now() / 1000,
  peakMb: Math.round(process.resourceUsage().maxRSS / 1024) })))`;
const bin = fileURLToPath(new URL('../bin/fastregister', import.meta.url));

/** Where the rows are; the report is written by a process of its own. */
const store = await openStore(
  readSettings({ env: { FASTREGISTER_HOME: home } }),
  pino({ level: 'silent' }),
  'background',
);
try {
  await main();
} finally {
  await store.close();
  if (process.env.BENCH_HOME === undefined) rmSync(home, { recursive: true });
}

async function main() {
  await fill();
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const script = await bareSocket(await pageCommands());
    const plain = await bareSocket(plainCommands());
    const { seconds, peakMb } = report();
    rounds.push({ script, plain, seconds, peakMb });
    console.log(
      `report ${seconds.toFixed(1)} s, ${peakMb} MB; bare socket: script ${script.seconds.toFixed(1)} s ` +
        `(${mb(script.bytes)} MB), plain ${plain.seconds.toFixed(1)} s (${mb(plain.bytes)} MB)`,
    );
  }
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log('wanted: timesPlain ≤ 2.2 (aimed at 1.5), peakMb ≤ 180 (150)');
  console.log(
    JSON.stringify({
      rows: ROWS,
      csvMb: Number(mb(statSync(out).size)),
      rowsPerSecond: Math.round(ROWS / median(rounds.map(({ seconds }) => seconds))),
      timesScript: Number(median(rounds.map(({ seconds, script }) => seconds / script.seconds)).toFixed(2)),
      timesPlain: Number(median(rounds.map(({ seconds, plain }) => seconds / plain.seconds)).toFixed(2)),
      peakMb: Math.max(...rounds.map(({ peakMb }) => peakMb)),
    }),
  );
}

function report() {
  // In the place of an old file, the file system writes the new one to the disk at once, which takes it a quarter of a second.
  rmSync(out, { force: true });
  const told = execFileSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`, bin, 'report', BATCH, '-o', out, '--force'],
    { env: { ...process.env, FASTREGISTER_HOME: home }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return JSON.parse(told.toString());
}

/** Four of five created, the rest expired, rejected with WeChat's words, or waiting: as after a night. */
async function fill() {
  if ((await store.batches.find(BATCH))?.rows === ROWS) return;
  const batch = await store.batches.open({
    id: BATCH,
    file: 'bench.csv',
    headings: ['name', 'code', 'legal_persona_wechat', 'legal_persona_name', 'component_phone', 'store'],
    columns: [0, 1, -1, 2, 3, 4],
    loadedAt: Date.now(),
  });
  const at = Date.now();
  for (let first = 0; first < ROWS; first += 500) {
    const rows = Array.from({ length: Math.min(500, ROWS - first) }, (_, i) => rowOf(first + i));
    await store.batches.accept(batch, first, rows, { details: ['name'] });
    const pipe = store.redis.pipeline();
    for (const [i, row] of rows.entries()) {
      const name = key('registration', row.registration);
      // As its first fact makes it a hash.
      pipe.del(name).hset(name, { r: `${BATCH}/${first + i}`, ...hashOf(fate(first + i, at)) });
    }
    await pipe.exec();
  }
  // As after their facts, none of which was recorded here.
  await store.redis.hset(key('counts', BATCH), 'queued', 0);
  await store.batches.complete(BATCH);
}

function rowOf(index) {
  const number = String(index).padStart(8, '0');
  const merchant = {
    name: `示例商贸${number}有限公司`,
    code: `91350100M0${number}`,
    codeType: 1,
    legalPersonaWechat: `wx_${number}`,
    legalPersonaName: '张示例',
    componentPhone: '05921234567',
  };
  return {
    line: index + 2,
    cells: [
      merchant.name,
      merchant.code,
      merchant.legalPersonaWechat,
      merchant.legalPersonaName,
      merchant.componentPhone,
      `=${index}`,
    ],
    merchant,
    problems: [],
    registration: idOf(index),
  };
}

function idOf(index) {
  return index
    .toString(26)
    .replace(/[0-9]/g, (digit) => 'qrstuvwxyz'[Number(digit)])
    .padStart(16, 'q');
}

function fate(index, at) {
  const sent = at - (index % 86_400_000);
  const base = { n: '1', sent: String(sent), done: String(sent + 60_000), task: 'ended' };
  switch (index % 10) {
    case 7:
      return { ...base, s: 'expired', problem: 'push:100003', said: '法人未在24小时内确认' };
    case 8:
      return {
        ...base,
        s: 'rejected',
        problem: 'create:61070',
        said: `invalid legal persona rid: 5f3e-${index}`,
      };
    case 9:
      return { s: 'queued' };
    default:
      return { ...base, s: 'created', appid: `wx${index.toString(16).padStart(16, '0')}`, authorizer: 'kept' };
  }
}

/** As a fact writes it: what a report needs is in one field, too. */
function hashOf(fields) {
  const registration = registrationFrom('', Object.entries(fields).flat());
  return { ...fields, [shortNameOf('outcome')]: outcomeText(registration) };
}

/** What is sent for a page that is not like most (quick-pages.ts). */
async function pageCommands() {
  const sent = [];
  const real = store.redis.callBuffer;
  store.redis.callBuffer = (...args) => {
    sent.push(args);
    return real.apply(store.redis, args);
  };
  const batch = await store.batches.find(BATCH);
  await store.batches.page(batch, 0);
  store.redis.callBuffer = real;
  const [, digest, count, , id, , ...others] = sent[0];
  return Array.from({ length: Math.ceil(ROWS / ROWS_PER_PAGE) }, (_, page) => [
    ['EVALSHA', digest, count, key('rows', BATCH, page), id, page * ROWS_PER_PAGE, ...others],
  ]);
}

function plainCommands() {
  return Array.from({ length: Math.ceil(ROWS / ROWS_PER_PAGE) }, (_, page) => [
    ['LRANGE', key('rows', BATCH, page), 0, -1],
    ...Array.from({ length: Math.min(ROWS_PER_PAGE, ROWS - page * ROWS_PER_PAGE) }, (_, i) => [
      'HGET',
      key('registration', idOf(page * ROWS_PER_PAGE + i)),
      shortNameOf('outcome'),
    ]),
  ]);
}

/** Sends page after page, some ahead, and counts what comes back; the last command is an ECHO that marks the end. */
async function bareSocket(pages) {
  const socket = connect(store.redis.options.path);
  const mark = `$3\r\nend\r\n`;
  const started = performance.now();
  let bytes = 0;
  let tail = '';
  const ended = new Promise((resolve) =>
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      tail = (tail + chunk.subarray(-16).toString('latin1')).slice(-16);
      if (tail.endsWith(mark)) resolve();
    }),
  );
  for (const page of [...pages, [['ECHO', 'end']]]) {
    const text = page.map((args) => `*${args.length}\r\n${args.map(bulk).join('')}`).join('');
    if (!socket.write(text)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  await ended;
  socket.destroy();
  return { seconds: (performance.now() - started) / 1000, bytes };
}

function bulk(argument) {
  const text = String(argument);
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function mb(bytes) {
  return (bytes / 1e6).toFixed(0);
}
