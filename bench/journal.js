/**
 * What the journal costs: a line of it in microseconds, and the CPU time of two workers that send with and without one, round
 * about. Usage: node bench/journal.js [rows] [rounds]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSending } from '../dist/src/app/wiring/sending.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import { openJournal } from '../dist/src/redis/ledger/journal.js';
import { openVault } from '../dist/src/redis/vault.js';
import { acceptRows, environment, log, settingsFrom, startWechat, startWorkers, until } from './rig.js';

const ROWS = Number(process.argv[2] ?? 10_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const LINES = 20_000;
const CONCURRENCY = 64;

if (process.env.BENCH_ROLE === 'journal') await worker();
else await main();

async function worker() {
  const store = await openStore(settingsFrom(process.env), log, 'background');
  const guard = await store.lossGuard();
  const without = { ...guard, journal: { ...guard.journal, async write() {}, writePushes() {} } };
  const isWith = process.env.BENCH_JOURNAL === '1';
  await startSending({ ...store, lossGuard: async () => (isWith ? guard : without) });
  const began = process.cpuUsage();
  process.on('message', () => {
    const { user, system } = process.cpuUsage(began);
    process.send?.((user + system) / 1e6);
  });
  process.send?.('ready');
}

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'fastregister-bench-'));
  try {
    for (const [name, us] of Object.entries(await lineCosts(home))) console.log(`${name}: ${us.toFixed(1)} µs a line`);
    await sending(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Medians of five rounds, in µs. */
async function lineCosts(home) {
  const vault = openVault(randomBytes(32));
  const journal = openJournal({ home, ledgerKey: 'bench', vault, now: Date.now, log });
  const sent = { kind: 'create_sent', at: Date.now(), until: Date.now() + 93_600_000 };
  const accepted = { kind: 'create_accepted', at: Date.now(), callSentAt: Date.now(), said: 'ok', until: Date.now() };
  const push = {
    receivedAt: Date.now(),
    createdAt: Date.now(),
    infoType: 'notify_third_fasteregister',
    query: `signature=${'a'.repeat(40)}&timestamp=1795890000&nonce=12345678&encrypt_type=aes&msg_signature=${'b'.repeat(40)}`,
    body: Buffer.alloc(900, 'x'),
    signature: 'b'.repeat(40),
  };
  const entry = (fact) => ({ registration: 'abcdefghijklmnop', writeId: 'abcdefgh.12', day: '2026-11-28', fact });
  const costs = {
    'a create': () => journal.write(entry(sent)),
    'an answer': () => journal.write(entry(accepted)),
    'a push': () => journal.writePushes([push]),
  };
  const found = {};
  for (const [name, write] of Object.entries(costs)) {
    const rounds = [];
    for (let round = 0; round < 5; round += 1) rounds.push(await time(write));
    found[name] = median(rounds);
  }
  journal.close();
  return found;
}

/** Sixteen at once, as a busy worker writes them. */
async function time(write) {
  const began = performance.now();
  for (let n = 0; n < LINES; n += 16) await Promise.all(Array.from({ length: 16 }, write));
  return ((performance.now() - began) * 1_000) / LINES;
}

async function sending(home) {
  const wechat = await startWechat();
  const changes = { FASTREGISTER_CALLS_PER_SECOND: '1000000', FASTREGISTER_CONCURRENCY: String(CONCURRENCY) };
  const env = environment(home, wechat.url, changes);
  const store = await openStore(settingsFrom(env), log, 'background');
  const seen = { with: [], without: [] };
  const rates = { with: [], without: [] };
  try {
    for (let round = 0; round < ROUNDS * 2; round += 1) {
      const which = round % 2 === 0 ? 'with' : 'without';
      const id = `bench${round}`;
      await acceptRows(store, id, round * ROWS, ROWS);
      const role = { BENCH_ROLE: 'journal', BENCH_JOURNAL: which === 'with' ? '1' : '0' };
      const workers = await startWorkers(2, { ...env, ...role }, fileURLToPath(import.meta.url));
      const began = performance.now();
      await until(async () => (await store.batches.counts(id)).awaiting_legal_person === ROWS);
      rates[which].push(ROWS / ((performance.now() - began) / 1_000));
      seen[which].push((await workers.ask('cpu')).reduce((sum, seconds) => sum + seconds, 0));
      await workers.stop();
    }
    for (const which of ['with', 'without']) {
      const each = seen[which].map((seconds) => seconds.toFixed(2)).join(' ');
      console.log(
        `${which} a journal: median ${median(seen[which]).toFixed(2)} CPU seconds for ${ROWS} rows (${each}), ${median(rates[which]).toFixed(0)} rows/s`,
      );
    }
    const more = (median(seen.with) - median(seen.without)) / ROWS;
    console.log(
      `the journal costs ${(more * 1e6).toFixed(0)} µs of CPU a row, ${((median(seen.with) / median(seen.without) - 1) * 100).toFixed(1)} %`,
    );
  } finally {
    await store.close();
    wechat.stop();
  }
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
