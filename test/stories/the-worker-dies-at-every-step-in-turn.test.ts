import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { REHEARSAL_CREDENTIALS } from '../../simulator/options.js';
import { startListening } from '../../src/app/wiring/listening.js';
import { startSending } from '../../src/app/wiring/sending.js';
import { openStore } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { ticketReceivedAt } from '../../src/redis/component-store.js';
import { runOutLocks, SHORT_LOCKS } from '../support/job-locks.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { start } from '../support/program.js';
import { EVENTS_PATH, merchantsAskedTwice, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const DIE_AT = fileURLToPath(new URL('../support/die-at.mjs', import.meta.url));

const STEPS = [
  'dispatch:before',
  'dispatch:after',
  'read:before',
  'read:after',
  'acquire:before',
  'acquire:after',
  'call:sent',
  'call:answered',
  'record:before',
  'record:after',
];

test('another worker finishes the batch, and no attempt is sent twice, whatever the step at which one dies', async () => {
  expect(await Promise.all(STEPS.map(dieAt))).toEqual(STEPS.map((step) => ({ step, ends: endsOf(step), twice: [] })));
}, 240_000);

/** Between the permission and the call nobody can tell whether WeChat was asked, so nobody asks again. */
function endsOf(step: string): Record<string, number> {
  return step === 'acquire:after' ? { created: 5, needs_review: 1 } : { created: 6 };
}

async function dieAt(step: string): Promise<{ step: string; ends: Record<string, number>; twice: string[] }> {
  const simulator = await newSimulator({ pushRetries: 1_000 });
  const home = newHome();
  const env = {
    ...rehearsalEnvironment(home, simulator.url),
    // One slot, and one registration a job, or the step at which the other one dies would be anybody's guess.
    FASTREGISTER_CONCURRENCY: '1',
    FASTREGISTER_CALLS_PER_SECOND: '40',
    FASTREGISTER_REQUEST_TIMEOUT: '20s',
    // Before the doomed worker has come to its step, however busy the machine is, no search is to be due.
    FASTREGISTER_PUSH_WAIT: '10s',
    FASTREGISTER_PUSH_RECHECK: '1s',
    FASTREGISTER_GIVE_UP: step === 'acquire:after' ? '12s' : '1h',
  };
  const { log } = readableLog();
  const store = await openStore(readSettings({ env }), log, 'background');
  onTestFinished(() => store.close());
  const book = openBook(store.redis, store.identify);
  await book.load(
    'b1',
    [1, 2, 3, 4, 5, 6].map((number) => merchant(number)),
  );
  const listening = await startListening(store);
  onTestFinished(() => listening.close());
  const pushUrl = `http://127.0.0.1:${listening.port}${EVENTS_PATH}`;
  simulator.setPushUrl(pushUrl);
  await fetch(`${simulator.url}/cgi-bin/component/api_start_push_ticket`, {
    method: 'POST',
    body: JSON.stringify({
      component_appid: REHEARSAL_CREDENTIALS.componentAppid,
      component_secret: REHEARSAL_CREDENTIALS.componentAppsecret,
    }),
  });
  await until('there is a ticket', () => ticketReceivedAt(store.redis));
  // A push would give the doomed one something else to do beside the step at which it dies.
  simulator.setPushUrl(undefined);

  const deadly = { NODE_OPTIONS: `--import ${DIE_AT}`, DIE_AT: step };
  const doomed = start(['work'], { env: { ...env, ...deadly }, bundle: 'ioredis-apart' });
  const { child } = doomed;
  await until(
    `a worker has died at ${step}`,
    () => child.exitCode !== null || child.signalCode !== null,
    100_000,
  ).catch((cause) => {
    throw new Error(`${cause.message}; it has said: ${doomed.stderr().slice(-2_000)}`, { cause });
  });
  const { status, stderr } = await doomed.ended;
  if (child.signalCode !== 'SIGKILL') {
    throw new Error(`it did not die at ${step}, and ended with ${status}: ${stderr.slice(-2_000)}`);
  }

  simulator.setPushUrl(pushUrl);
  await runOutLocks(store.redis);
  const sending = await startSending(store, 'steady', SHORT_LOCKS);
  onTestFinished(() => sending.close());
  const isOver = async (): Promise<boolean> => {
    const counts = await book.batches.counts('b1');
    return Object.entries(endsOf(step)).every(([outcome, count]) => counts[outcome] === count);
  };
  await until(`every row has its outcome after a death at ${step}`, isOver, 100_000).catch(async (cause) => {
    const histories = await Promise.all(
      (await book.rows('b1')).map(async ({ registration }) => registration && book.ledger.history(registration.id)),
    );
    throw new Error(`${cause.message}; ${JSON.stringify(histories)}; doomed said ${stderr.slice(-1_500)}`, { cause });
  });
  return { step, ends: await book.recount('b1'), twice: merchantsAskedTwice(simulator) };
}
