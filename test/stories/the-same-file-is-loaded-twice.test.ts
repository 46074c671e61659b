import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { portOf, run, start } from '../support/program.js';
import { EVENTS_PATH, merchantsAskedTwice, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';

test('it is the same batch, by whatever name, and nothing is sent a second time', async () => {
  const { env, simulator, sheet, home } = await newPlace();
  const first = await typed(['load', sheet], { env });
  expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/^b[0-9a-f]{12}\n$/) });

  const again = await typed(['load', sheet], { env });
  expect(again).toMatchObject({ status: 0, stdout: first.stdout });
  expect(again.stderr).toContain('nothing was changed');

  const program = start(['run', sheet], { env });
  simulator.setPushUrl(`http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`);
  const { status, stdout } = await program.ended;
  expect(status).toBe(0);

  const copy = join(home, 'the same under another name.csv');
  copyFileSync(sheet, copy);
  const finished = await typed(['run', copy], { env });
  expect(finished).toMatchObject({ status: 0, stdout });
  expect(Object.keys(simulator.state().merchants)).toHaveLength(10);
  expect(merchantsAskedTwice(simulator)).toEqual([]);
});

test('by several commands at once, each row is in the batch once', async () => {
  const { env, sheet } = await newPlace();
  const loads = await Promise.all([1, 2, 3].map(() => run(['load', sheet], { env })));
  expect(loads.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(new Set(loads.map(({ stdout }) => stdout)).size).toBe(1);

  const { stdout } = await typed(['status', '--json'], { env });
  expect((JSON.parse(stdout) as { batches: object[] }).batches).toMatchObject([
    { rows: 10, complete: true, outcomes: { pending: 10 }, waiting: { queued: 10 } },
  ]);
});

async function newPlace() {
  const home = newHome();
  const simulator = await newSimulator();
  const sheet = join(home, 'merchants.csv');
  writeFileSync(sheet, sheetOf(Array.from({ length: 10 }, (_, number) => merchant(number))));
  const env = { ...rehearsalEnvironment(join(home, 'data'), simulator.url), FASTREGISTER_LOG_LEVEL: 'info' };
  return { env, simulator, sheet, home };
}
