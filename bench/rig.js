/** What the benches of sending share: a WeChat that answers at once, workers in processes of their own, and merchants. */
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startSending } from '../dist/src/app/wiring/sending.js';
import { openStore } from '../dist/src/app/wiring/store.js';
import { readSettings } from '../dist/src/config.js';

export const log = pino({ level: 'silent' });
const self = fileURLToPath(import.meta.url);

// As if it were killed, but for the profile that `bench/profile.js` asks for.
if (process.env.BENCH_ROLE !== undefined) process.once('disconnect', () => process.exit());

if (process.env.BENCH_ROLE === 'wechat') serve();
if (process.env.BENCH_ROLE === 'worker') {
  await startSending(await openStore(settingsFrom(process.env), log, 'background'));
  process.send?.('ready');
}

/** Answers `{errcode: 0}` and reports on request when the calls arrived, in ms of one clock. */
function serve() {
  const answer = Buffer.from('{"errcode":0,"errmsg":"ok"}');
  const arrivals = [];
  const server = createServer((request, response) => {
    arrivals.push(performance.now());
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
  process.on('message', () => process.send?.(arrivals.splice(0)));
}

export async function startWechat() {
  const child = fork(self, { env: { ...process.env, BENCH_ROLE: 'wechat' } });
  const port = await answerOf(child);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async arrivals() {
      child.send('arrivals');
      return answerOf(child);
    },
    stop: () => child.disconnect(),
  };
}

/** `script`: another bench file, which looks at BENCH_ROLE itself. */
export async function startWorkers(howMany, env, script = self) {
  const workers = Array.from({ length: howMany }, () =>
    fork(script, { env: { ...process.env, BENCH_ROLE: 'worker', ...env } }),
  );
  await Promise.all(workers.map(answerOf));
  return {
    pids: workers.map(({ pid }) => pid),
    /** What each answers to a word. */
    async ask(word) {
      const answers = workers.map(answerOf);
      for (const worker of workers) worker.send(word);
      return Promise.all(answers);
    },
    async stop() {
      const gone = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
      for (const worker of workers) worker.disconnect();
      await Promise.all(gone);
    },
  };
}

function answerOf(child) {
  return new Promise((resolve) => child.once('message', resolve));
}

/** @param identify as of a ledger that is searched by code; otherwise registrations are numbered */
export async function acceptRows(store, id, from, count, identify = numbered) {
  const columns = [0, 1, 2, 3, 4, 5];
  const batch = await store.batches.open({ id, file: 'bench', headings: [], columns, loadedAt: Date.now() });
  for (let at = 0; at < count; at += 500) {
    const length = Math.min(500, count - at);
    await store.batches.accept(
      batch,
      at,
      Array.from({ length }, (_, n) => row(from + at + n, at + n, identify)),
      { details: ['name'] },
    );
  }
}

export function merchant(n) {
  const code = `91350100M${String(n).padStart(8, '0')}0`;
  const name = `示例第${n}号有限公司`;
  return {
    name,
    code,
    codeType: 1,
    legalPersonaWechat: `bench_${n}`,
    legalPersonaName: '示例',
    componentPhone: '05920000000',
  };
}

function row(n, line, identify) {
  const it = merchant(n);
  return { line, cells: Object.values(it).map(String), merchant: it, problems: [], registration: identify(it.code, n) };
}

function numbered(_, n) {
  return String(n)
    .padStart(16, '0')
    .replace(/\d/g, (digit) => 'abcdefghij'[digit]);
}

export function settingsFrom(env) {
  const ours = Object.entries(env).filter(([name]) => /^(FASTREGISTER|WECHAT)_/.test(name));
  return readSettings({ env: Object.fromEntries(ours) });
}

export function environment(home, url, changes) {
  return {
    FASTREGISTER_HOME: home,
    WECHAT_API_BASE_URL: url,
    WECHAT_COMPONENT_APPID: 'wx0123456789abcdef',
    WECHAT_COMPONENT_ACCESS_TOKEN: 'bench',
    FASTREGISTER_DAILY_CALLS: '100000000',
    FASTREGISTER_CALLS_PER_MINUTE: '100000000',
    ...changes,
  };
}

export function middle(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

export async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
