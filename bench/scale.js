/**
 * How far one private Redis goes: so many registrations in sheets of a million rows each. Says how long each sheet takes to load,
 * what Redis holds, how long `status`, `find` and the report of one sheet take, and how long it takes until Redis is back after
 * its last process has left. Usage: node bench/scale.js [registrations]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../dist/src/app/wiring/store.js';
import { PROGRAM } from './browser.js';
import { processOf } from './cpu.js';
import { environment, log, settingsFrom, until } from './rig.js';
import { writeSheet } from './sheet.js';

const REGISTRATIONS = Number(process.argv[2] ?? 10_000_000);
const ROWS_OF_A_SHEET = Math.min(1_000_000, REGISTRATIONS);

const home = mkdtempSync(join(tmpdir(), 'fr-'));
const env = {
  ...process.env,
  ...environment(home, 'http://127.0.0.1:9', { FASTREGISTER_COMPONENT_PHONE: '05920000000' }),
};
let store = await openStore(settingsFrom(env), log, 'background');
try {
  for (let from = 0; from < REGISTRATIONS; from += ROWS_OF_A_SHEET) {
    const sheet = await writeSheet(join(home, `rows-${from}.csv`), ROWS_OF_A_SHEET, { from });
    const { seconds } = await timed('load', sheet);
    rmSync(sheet);
    const { used, resident } = await memoryOf(store.redis);
    const each = used / (from + ROWS_OF_A_SHEET);
    console.log(
      `${from + ROWS_OF_A_SHEET} registrations: the last ${ROWS_OF_A_SHEET} loaded in ${seconds.toFixed(0)} s; Redis holds ${megabytes(used)} MB (${each.toFixed(0)} bytes each), ${megabytes(resident)} MB resident`,
    );
  }
  const [batch] = await store.batches.list();
  for (const args of [['status'], ['find', '例7'], ['report', batch.id ?? batch, '-o', join(home, 'report.csv')]]) {
    const { seconds, megabytes: most } = await timed(...args);
    console.log(`${args.slice(0, 2).join(' ')}: ${seconds.toFixed(1)} s, at most ${most} MB`);
  }
  const pid = await processOf(store.redis);
  let began = performance.now();
  await store.close();
  await until(() => !existsSync(`/proc/${pid}`));
  console.log(`Redis ended in ${since(began)} s; its folder has ${megabytes(sizeOf(home))} MB`);
  began = performance.now();
  store = await openStore(settingsFrom(env), log, 'background');
  const toSend = await store.workload.toSend();
  console.log(`Redis was back in ${since(began)} s, with ${toSend} rows to be sent`);
  if (toSend !== REGISTRATIONS) throw new Error(`${REGISTRATIONS} were loaded`);
} finally {
  await store.close();
  rmSync(home, { recursive: true, force: true });
}

/** A command in a process of its own. */
async function timed(...args) {
  const began = performance.now();
  const child = spawn('/usr/bin/env', ['time', '-f', '%M', process.execPath, PROGRAM, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (piece) => {
    said = (said + piece).slice(-10_000);
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${said}`);
  const seconds = (performance.now() - began) / 1_000;
  return { seconds, megabytes: Math.round(Number(said.trim().split('\n').at(-1)) / 1_024) };
}

async function memoryOf(redis) {
  const info = await redis.info('memory');
  const of = (name) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
  return { used: of('used_memory'), resident: of('used_memory_rss') };
}

function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function megabytes(bytes) {
  return (bytes / 1024 ** 2).toFixed(0);
}

function since(began) {
  return ((performance.now() - began) / 1_000).toFixed(1);
}
