import { expect, onTestFinished, test } from 'vitest';
import { checkProcesses } from '../../src/app/doctor/processes.js';
import { gatherStatus } from '../../src/app/status.js';
import { statusLines } from '../../src/app/status-words.js';
import { startSending } from '../../src/app/wiring/sending.js';
import { openStore, type Store } from '../../src/app/wiring/store.js';
import { merchant } from '../support/merchants.js';
import { newHome, rehearse, reportOf } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const ROWS = [1, 2, 3, 4].map((number) => merchant(number));
const NO_JOURNAL = 'call:no_journal';

test('its worker waits for room, no row is paused or fails, and status, report and doctor name the disk', async () => {
  const story = await rehearse();
  const disk = await diskOf(story.store);
  disk.isFull = true;
  await story.start();
  await story.book.load('b1', ROWS);

  await until('the missing worker is shown', async () => (await gatherStatus(story.store, undefined)).workerMissing);
  const facts = await gatherStatus(story.store, undefined);
  expect(facts.workerMissing).toMatchObject({ problem: NO_JOURNAL });
  expect(facts.line).toEqual({ stopped: false });
  const lines = statusLines(facts, Date.now()).map(([, { en }]) => en);
  expect(lines.filter((line) => line.includes('Make room on that disk'))).not.toEqual([]);
  expect((await reportOf(story, 'b1')).map(({ outcome, problem }) => [outcome, problem])).toEqual(
    ROWS.map(() => ['pending', NO_JOURNAL]),
  );
  expect(await checkProcesses(story.store)).toContainEqual(
    expect.objectContaining({ check: 'worker', verdict: 'fault', todo: facts.workerMissing?.nextStep }),
  );
  expect(story.lines.join()).toContain('sends nothing until its journal can be written');
  expect(story.calls('create')).toEqual({});

  disk.isFull = false;
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: ROWS.length });
  expect((await gatherStatus(story.store, undefined)).unableProcesses).toEqual([]);
});

test('the worker of another machine sends the rows meanwhile', async () => {
  const story = await rehearse();
  const disk = await diskOf(story.store);
  disk.isFull = true;
  await story.start();
  await story.book.load('b1', ROWS);
  await until(
    'the worker knows it',
    async () => (await gatherStatus(story.store, undefined)).unableProcesses.length === 1,
  );

  const other = await openStore({ ...story.store.settings, home: newHome() }, story.store.log, 'background');
  const sending = await startSending(other);
  onTestFinished(async () => {
    await sending.close();
    await other.close();
  });
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: ROWS.length });
  const facts = await gatherStatus(story.store, undefined);
  expect(facts.workerMissing).toBeNull();
  expect(facts.unableProcesses).toMatchObject([{ role: 'worker', problem: NO_JOURNAL }]);
  expect(await checkProcesses(story.store)).toContainEqual(
    expect.objectContaining({ check: 'worker', verdict: 'fault', todo: facts.unableProcesses[0]?.nextStep }),
  );
});

/** The disk of the journal, which takes nothing while it is full. */
async function diskOf(store: Store): Promise<{ isFull: boolean }> {
  const disk = { isFull: false };
  const { journal } = await store.lossGuard();
  const { write, tryToWrite } = journal;
  const refuse = (): void => {
    if (disk.isFull) throw new Error('ENOSPC: no space left on device, write');
  };
  journal.write = async (entry) => {
    refuse();
    await write(entry);
  };
  journal.tryToWrite = () => {
    refuse();
    tryToWrite();
  };
  return disk;
}
