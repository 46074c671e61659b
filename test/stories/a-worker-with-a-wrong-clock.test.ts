import { expect, onTestFinished, test } from 'vitest';
import { checkProcesses } from '../../src/app/doctor/processes.js';
import { gatherStatus } from '../../src/app/status.js';
import { statusLines } from '../../src/app/status-words.js';
import { startSending } from '../../src/app/wiring/sending.js';
import { DAY_MS } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { rehearse, reportOf } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const ROWS = [1, 2, 3].map((number) => merchant(number));
const WRONG_CLOCK = 'call:wrong_clock';

test.each([
  ['fastregisterweapp', -2 * DAY_MS],
  ['fastregisterenterpriseweapp', 2 * DAY_MS],
] as const)(
  'sends nothing with %s while its clock is off by %d ms, says so, and goes on when the clock is right',
  async (api, wrongBy) => {
    const story = await rehearse({ api });
    let offMs = wrongBy;
    const sending = await startSending(story.store, 'steady', undefined, () => Date.now() + offMs);
    onTestFinished(() => sending.close());
    await story.startListening();
    await story.book.load('b1', ROWS);

    await until('it is shown', async () => (await gatherStatus(story.store, undefined)).workerMissing);
    const facts = await gatherStatus(story.store, undefined);
    expect(facts.workerMissing).toMatchObject({ problem: WRONG_CLOCK });
    expect(facts.unableProcesses).toMatchObject([{ role: 'worker', problem: WRONG_CLOCK }]);
    const lines = statusLines(facts, Date.now()).map(([, { en }]) => en);
    expect(lines.filter((line) => line.includes('timedatectl'))).not.toEqual([]);
    expect((await reportOf(story, 'b1')).map(({ outcome, problem }) => [outcome, problem])).toEqual(
      ROWS.map(() => ['pending', WRONG_CLOCK]),
    );
    expect(await checkProcesses(story.store)).toContainEqual(
      expect.objectContaining({ check: 'worker', verdict: 'fault', todo: facts.workerMissing?.nextStep }),
    );
    expect(story.calls('create')).toEqual({});

    offMs = 0;
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: ROWS.length });
    await until('all is well', async () => {
      return (await gatherStatus(story.store, undefined)).unableProcesses.length === 0;
    });
    expect(story.lines.filter((line) => line.includes("until this machine's clock agrees"))).toHaveLength(1);
    expect(story.lines.filter((line) => line.includes('agrees with that of Redis again'))).toHaveLength(1);
  },
);

test('is noticed at the next row, where the clock jumps between two heartbeats', async () => {
  const story = await rehearse({ settings: { FASTREGISTER_WORKER_WAIT: '2h' } });
  let offMs = 0;
  const sending = await startSending(story.store, 'steady', undefined, () => Date.now() + offMs);
  onTestFinished(() => sending.close());
  await story.startListening();
  await until('it lives', async () => (await gatherStatus(story.store, undefined)).processes.workers.live.length === 1);
  offMs = -3 * DAY_MS;
  await story.book.load('b1', ROWS);
  await until('it is shown', async () => (await gatherStatus(story.store, undefined)).unableProcesses.length === 1);
  expect(story.calls('create')).toEqual({});
});
