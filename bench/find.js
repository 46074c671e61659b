/**
 * How long `find` takes among a million merchants, and how much memory: by code, appid and full name until it is over, by a
 * part of a name until the first hit and until it is over. Usage: node bench/find.js [rows]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findToolsOf } from '../dist/src/app/find.js';
import { reportOptionsOf } from '../dist/src/app/report-options.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import { ROWS_PER_PAGE } from '../dist/src/domain/batch.js';
import { key } from '../dist/src/redis/keys.js';
import { find } from '../dist/src/reporter/find.js';
import { acceptRows, environment, log, merchant, settingsFrom } from './rig.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const BATCHES = 10;
const ROUNDS = 5;

const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
const store = await openStore(settingsFrom(environment(home, 'http://127.0.0.1:9', {})), log, 'background');
try {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    await acceptRows(store, `b${batch}`, (batch * ROWS) / BATCHES, ROWS / BATCHES);
    await store.batches.complete(`b${batch}`);
  }
  const oldest = merchant(Math.floor(ROWS / 20));
  const [row] = await store.batches.page(await store.batches.find('b0'), Math.floor(ROWS / 20 / ROWS_PER_PAGE));
  await store.redis.hset(key('appids'), 'wx0123456789abcdef', row.relation.id);
  const tools = findToolsOf(store);
  const options = await reportOptionsOf(store, 'en');
  const before = process.memoryUsage().rss;
  for (const [what, text, wanted] of [
    ['an appid', 'wx0123456789abcdef', 300],
    ['a full name', oldest.name, 300],
    ['a full Weixin ID', oldest.legalPersonaWechat, 300],
    ['a part of one name', oldest.name.slice(2, -4), 5_000],
    ['a text that no row has', '没有这样的商户', 5_000],
  ]) {
    const runs = [];
    for (let round = 0; round < ROUNDS; round += 1) runs.push(await timed(tools, text, options));
    const { first, all, hits } = runs.sort((one, other) => one.all - other.all)[Math.floor(ROUNDS / 2)];
    console.log(
      `${what}: first hit after ${first?.toFixed(0) ?? '-'} ms, over after ${all.toFixed(0)} ms (wanted: ${wanted} ms), ${hits} found`,
    );
  }
  const name = await store.redis.memory('USAGE', key('rowIndex', 'b0', 0));
  console.log(
    `index: ${(name / ROWS_PER_PAGE).toFixed(1)} bytes a row; memory grew by ${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB`,
  );
} finally {
  await store.close();
  rmSync(home, { recursive: true, force: true });
}

async function timed(tools, text, options) {
  const start = performance.now();
  let first;
  let hits = 0;
  for await (const _ of find(tools, text, options)) {
    first ??= performance.now() - start;
    hits += 1;
  }
  return { first, all: performance.now() - start, hits };
}
