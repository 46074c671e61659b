import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { typed } from '../support/command-line.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { portOf, type Running, start } from '../support/program.js';
import { emptyRedis, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

interface Notice {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Whoever is at FASTREGISTER_NOTIFY_URL. */
async function people(): Promise<{ url: string; heard: Notice[] }> {
  const heard: Notice[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    heard.push(JSON.parse(body) as Notice);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

async function newPlace(more: Record<string, string> = {}) {
  const simulator = await newSimulator();
  const { url, heard } = await people();
  const home = newHome();
  const env = {
    ...rehearsalEnvironment(home, simulator.url),
    ...(await emptyRedis()),
    FASTREGISTER_WORKER_WAIT: '4s',
    FASTREGISTER_NOTIFY_URL: url,
    FASTREGISTER_WEBHOOK_SECRET: 'a long text',
    ...more,
  };
  const store: Store = await openStore(readSettings({ env }), readableLog().log, 'background');
  onTestFinished(() => store.close());
  const status = async () => JSON.parse((await typed(['status', '--json'], { env })).stdout) as Status;
  return {
    book: openBook(store.redis, store.identify),
    heard,
    status,
    text: async () => (await typed(['status'], { env })).stdout,
    report: async () => {
      const lines = (await typed(['report', '--json'], { env })).stdout.trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line) as Record<'problem' | 'reason' | 'next_step' | 'who_acts', string>);
    },
    explained: async () => (await typed(['explain', merchant(1).code], { env })).stdout,
    doctor: async () => {
      const { stdout } = await typed(['doctor', '--json'], { env });
      return (JSON.parse(stdout) as { check: string; verdict: string }[]).find(({ check }) => check === 'worker');
    },
    begin: (...args: string[]): Running => start(args, { env }),
  };
}

interface Status {
  readonly worker_missing: { readonly problem: string } | null;
  readonly processes: Readonly<
    Record<'workers' | 'receivers' | 'schedulers', { readonly live: readonly { readonly pid: number }[] }>
  >;
}

test('the worker is killed while rows wait: status and doctor report it, the receiver notifies people, also when a worker is back', async () => {
  const { book, heard, status, text, report, explained, doctor, begin } = await newPlace();
  const listener = begin('listen', '--console-port', '0');
  const worker = begin('work');
  const { processes } = await until('both live', async () => {
    const now = await status();
    return now.processes.workers.live.length + now.processes.receivers.live.length === 2 && now;
  });
  expect(processes.workers.live[0]?.pid).toBe(worker.child.pid);
  expect(processes.receivers.live[0]?.pid).toBe(listener.child.pid);
  // WeChat has no ticket for it, so they wait.
  await book.load('b1', [merchant(1), merchant(2)]);

  worker.kill('SIGKILL');
  await worker.ended;
  await until('it is missed', async () => (await status()).worker_missing !== null);
  expect(await status()).toMatchObject({
    worker_missing: { problem: 'worker:none' },
    processes: { workers: { live: [] }, receivers: { live: [{ pid: listener.child.pid }] } },
  });
  expect(await text()).toMatch(/^(line|fault) +No worker runs, and rows wait that could be sent/m);
  expect(await doctor()).toMatchObject({ verdict: 'fault' });
  const rows = await report();
  expect(rows.map(({ problem, who_acts }) => [problem, who_acts])).toEqual(Array(2).fill(['worker:none', 'us']));
  expect(rows[0]?.reason).toMatch(/^No worker runs, and rows wait that could be sent/);
  expect(rows[0]?.next_step).toContain('`fastregister work`');
  expect(await explained()).toContain('Start `fastregister work`');
  await until('people hear of it', () => heard.some(({ type }) => type === 'workers.missing'));
  const receiver = await portOf(listener, 'receiver');
  expect((await fetch(`http://127.0.0.1:${receiver}/readyz`)).status).toBe(200);

  begin('work');
  // A heartbeat of a busy machine may be late, so that one is missed more than once; but nothing is said twice in a row.
  const said = () => heard.map(({ type }) => type).filter((type) => type.startsWith('workers.'));
  await until('people hear that one is back', () => said().at(-1) === 'workers.back');
  await until('status says so', async () => (await status()).worker_missing === null);
  expect(said().filter((type, at, all) => type === all[at - 1])).toEqual([]);
  expect(said()[0]).toBe('workers.missing');
  expect(JSON.stringify(heard)).not.toContain(merchant(2).name);
});

test('every part of serve shows that it lives, and none does after serve has ended', async () => {
  const { status, begin } = await newPlace();
  const serving = begin('serve', '--console-port', '0');
  const alive = async () => {
    const { processes } = await status();
    return [processes.workers, processes.receivers, processes.schedulers].map(({ live }) => live.length).join();
  };
  await until('all parts live', async () => (await alive()) === '1,1,1');
  serving.kill('SIGTERM');
  const { stderr } = await serving.ended;
  expect(await alive()).toBe('0,0,0');

  // Whoever gathers its log can tell whose line it is: no fact of a line takes the place of pid, host or level.
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) {
    const facts = JSON.parse(line) as { pid: number; host: string; level: string };
    expect(facts).toMatchObject({ pid: serving.child.pid, host: hostname(), level: expect.stringMatching(/^[a-z]+$/) });
    expect(JSON.stringify(facts)).toBe(line);
  }
});

test('between nights of cron no worker is missing', async () => {
  const { book, status, begin } = await newPlace({ FASTREGISTER_WORKER_WAIT: '400ms' });
  expect((await begin('work', '--drain').ended).status).toBe(0);
  await book.load('b1', [merchant(1)]);
  const rowIsOld = async () => Date.now() - ((await book.batches.find('b1'))?.loadedAt ?? 0) > 2_000;
  await until('the row waits for long', rowIsOld);
  expect(await status()).toMatchObject({ worker_missing: null, processes: { workers: { live: [] } } });
});
