import type { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { Simulator } from '../../simulator/simulator.js';
import { openStore } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { runOutLocks } from '../support/job-locks.js';
import { type Book, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { portOf, type Running, start } from '../support/program.js';
import {
  EVENTS_PATH,
  emptyRedis,
  merchantsAskedTwice,
  newHome,
  newSimulator,
  rehearsalEnvironment,
} from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('another worker and another receiver finish the batch, and no merchant is created twice', async () => {
  const simulator = await newSimulator({ slowAnswerMs: 4_000, pushRetries: 1_000 });
  const { book, redis, begin } = await newPlace(simulator, {
    FASTREGISTER_CONCURRENCY: '4',
    FASTREGISTER_REQUEST_TIMEOUT: '20s',
    FASTREGISTER_PUSH_WAIT: '2s',
    FASTREGISTER_GIVE_UP: '1h',
  });
  const rows = Array.from({ length: 14 }, (_, number) => merchant(number, number < 4 ? 'slow' : 'ok'));
  await book.load('b1', rows);

  const listener = begin('listen');
  simulator.setPushUrl(await urlOf(listener));
  const worker = begin('work');
  await until('four calls are in flight', () => merchantsHeardOf(simulator) === 4);
  worker.kill('SIGKILL');
  listener.kill('SIGKILL');
  await Promise.all([worker.ended, listener.ended]);
  expect(await book.batches.counts('b1')).toMatchObject({ queued: 10 });
  await runOutLocks(redis);

  simulator.setPushUrl(await urlOf(begin('listen')));
  begin('work');
  await until('every row has its outcome', async () => (await book.batches.counts('b1')).created === 14, 90_000);

  expect(merchantsAskedTwice(simulator)).toEqual([]);
  expect(await book.recount('b1')).toEqual({ created: 14 });
});

test('rows that the dead worker had in hand and had not sent are taken up by another as soon as their locks have run out', async () => {
  const simulator = await newSimulator();
  const { book, begin } = await newPlace(simulator, {
    FASTREGISTER_CONCURRENCY: '4',
    FASTREGISTER_CALLS_PER_SECOND: '1',
    FASTREGISTER_CALLS_PER_MINUTE: '1',
  });
  await book.load(
    'b1',
    [0, 1, 2, 3, 4].map((number) => merchant(number)),
  );
  simulator.setPushUrl(await urlOf(begin('listen')));
  const worker = begin('work');
  // One was sent; the other slots wait for the next minute with a job each in hand.
  await until('one was created', async () => (await book.batches.counts('b1')).created === 1);
  worker.kill('SIGKILL');
  await worker.ended;

  const survivor = begin('work', { FASTREGISTER_CALLS_PER_SECOND: '100', FASTREGISTER_CALLS_PER_MINUTE: '6000' });
  await until('every row has its outcome', async () => (await book.batches.counts('b1')).created === 5, 90_000);
  expect(survivor.stderr()).toContain('are taken up from a worker that is gone');
  expect(merchantsAskedTwice(simulator)).toEqual([]);
});

test('a worker that is asked to stop finishes its calls, and what it had not sent goes to another one at once', async () => {
  const simulator = await newSimulator({ slowAnswerMs: 1_500 });
  const { book, begin } = await newPlace(simulator, {
    FASTREGISTER_CONCURRENCY: '4',
    FASTREGISTER_CALLS_PER_SECOND: '2',
    FASTREGISTER_REQUEST_TIMEOUT: '20s',
  });
  await book.load(
    'b1',
    [0, 1, 2, 3, 4, 5, 6, 7].map((number) => merchant(number, 'slow')),
  );
  simulator.setPushUrl(await urlOf(begin('listen')));
  const [first, second] = [begin('work'), begin('work')];
  await until('two were sent', () => merchantsHeardOf(simulator) >= 2);
  const askedAt = Date.now();
  first.kill('SIGTERM');
  expect((await first.ended).status).toBe(0);
  expect(Date.now() - askedAt).toBeLessThan(25_000);

  await until('every row has its outcome', async () => (await book.batches.counts('b1')).created === 8);
  expect(second.child.exitCode).toBeNull();
  expect(merchantsAskedTwice(simulator)).toEqual([]);
  for (const number of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const { answers } = simulator.state().merchants[merchant(number).code] ?? {};
    expect(answers).toEqual({ slow: 1 });
  }
});

// --- helpers ----------------------------------------------------------------------------------------------------------

interface Place {
  readonly book: Book;
  readonly redis: Redis;
  begin(command: 'work' | 'listen', env?: Record<string, string>): Running;
}

/** A home that several processes share. */
async function newPlace(simulator: Simulator, changes: Record<string, string>): Promise<Place> {
  const home = newHome();
  const env = { ...rehearsalEnvironment(home, simulator.url), ...(await emptyRedis()), ...changes };
  const store = await openStore(readSettings({ env }), readableLog().log, 'background');
  onTestFinished(() => store.close());
  return {
    book: openBook(store.redis, store.identify),
    redis: store.redis,
    begin: (command, more = {}) => start([command], { env: { ...env, ...more } }),
  };
}

async function urlOf(listener: Running): Promise<string> {
  return `http://127.0.0.1:${await portOf(listener, 'receiver')}${EVENTS_PATH}`;
}

function merchantsHeardOf(simulator: Simulator): number {
  return Object.keys(simulator.state().merchants).length;
}
