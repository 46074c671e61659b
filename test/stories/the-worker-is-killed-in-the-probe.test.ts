import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { portOf, start } from '../support/program.js';
import { EVENTS_PATH, emptyRedis, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const MERCHANTS = 12;
const SLOTS = 2;

test.each([
  ['that a person resumed', 89254],
  ['that opens by itself', 89247],
])(
  'a line %s is tried by another worker after twice the request timeout',
  async (_, errcode) => {
    const simulator = await newSimulator({ pushRetries: 1_000 });
    const env = {
      ...rehearsalEnvironment(newHome(), simulator.url),
      ...(await emptyRedis()),
      FASTREGISTER_CONCURRENCY: String(SLOTS),
      // So slow that a job is one row.
      FASTREGISTER_CALLS_PER_SECOND: '20',
      FASTREGISTER_STOP_AFTER: '3',
      FASTREGISTER_REQUEST_TIMEOUT: '2s',
      FASTREGISTER_PROBE_FIRST: errcode === 89247 ? '500ms' : '1h',
      FASTREGISTER_PUSH_WAIT: '1h',
      FASTREGISTER_GIVE_UP: '2h',
    };
    const store = await openStore(readSettings({ env }), readableLog().log, 'background');
    onTestFinished(() => store.close());
    const book = openBook(store.redis, store.identify);
    const rows = Array.from({ length: MERCHANTS }, (_, number) => merchant(number));

    const listener = start(['listen'], { env });
    simulator.setPushUrl(`http://127.0.0.1:${await portOf(listener, 'receiver')}${EVENTS_PATH}`);
    simulator.setFaults({ create: errcode });
    await book.load('b1', rows);
    const doomed = start(['work'], { env });
    await until('the line is stopped', () => book.calls.line());
    // A call that was on its way meets the fault, too, and would stop the line again.
    await until('every answer is recorded', async () => (await book.batches.counts('b1')).submitting === undefined);

    simulator.setFaults({ create: 'hanglost' });
    if (errcode === 89254) await book.calls.resumeLine();
    await until('the probe is on its way', async () => (await book.calls.line())?.halfOpen && hung(simulator) > 0);
    doomed.kill('SIGKILL');
    await doomed.ended;
    simulator.clearFaults();

    start(['work'], { env });
    await until('the line is open', async () => (await book.calls.line()) === undefined);
    // What the dead worker had in hand besides is taken up when its lock has run out.
    await until('sending goes on', async () => ((await book.batches.counts('b1')).created ?? 0) >= 3);
    const probes = Object.values(simulator.state().merchants).filter(({ answers }) => answers.hanglost);
    expect(probes.map(({ answers }) => answers)).toEqual([expect.not.objectContaining({ 0: expect.anything() })]);
  },
  120_000,
);

function hung(simulator: Awaited<ReturnType<typeof newSimulator>>): number {
  const answers = Object.values(simulator.state().merchants).map((it) => it.answers.hanglost ?? 0);
  return answers.reduce((sum, count) => sum + count, 0);
}
