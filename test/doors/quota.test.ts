/** A day that WeChat has closed, as its users meet it: run, serve, resume, status and doctor. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { build, type Ended, portOf, run, start } from '../support/program.js';
import { EVENTS_PATH, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

beforeAll(build);

test('run asks again for a while, ends with 4 when the day is still closed, and goes on at once when it is not', async () => {
  const { simulator, env, sheet } = await office(['1', '2', '3', '4']);
  const finish = async (recheck: string): Promise<Ended> => {
    const program = start(['run', sheet], { env: { ...env, FASTREGISTER_QUOTA_RECHECK: recheck } });
    simulator.setPushUrl(`http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`);
    return program.ended;
  };

  const { status, stderr } = await finish('200ms');
  expect(status).toBe(4);
  expect(stderr).toMatch(
    /Stopped\. It waits: WeChat said at \S+ that today's calls are used up\. WeChat is asked again at/,
  );
  expect(stderr).toContain('`fastregister resume` asks WeChat at once');
  // After 1, 5 and 15 times as long.
  expect(quotaCalls(simulator)).toBe(3);

  const shown = await run(['status'], { env });
  expect(shown.stdout).toMatch(/closed by WeChat\s+at \S+: create:45009 /);
  expect(shown.stdout).toMatch(/asked last\s+at \S+: quota\/get: 2 of 2 used, 0 left/);
  expect(shown.stdout).toMatch(/asked next\s+at \S+/);
  const { calls } = JSON.parse((await run(['status', '--json'], { env })).stdout) as { calls: Record<string, unknown> };
  expect(calls).toMatchObject({ left: 0, kept: 0, shut: { said: expect.stringContaining('create:45009') } });
  const findings = JSON.parse((await run(['doctor', '--json'], { env })).stdout) as Finding[];
  expect(findings).toContainEqual({
    check: 'quota day',
    verdict: 'warning',
    says: expect.stringMatching(/closed by WeChat at .*create:45009 .*asked next at/),
    todo: expect.stringContaining('fastregister resume'),
  });

  // Closed for longer than that already: it is asked at once, and ended when there is nothing.
  const asked = quotaCalls(simulator);
  expect((await finish('200ms')).status).toBe(4);
  expect(quotaCalls(simulator)).toBeGreaterThan(asked);

  simulator.setUsedCalls(0);
  const done = await finish('1h');
  expect([done.status, done.stderr]).toEqual([0, expect.stringContaining('4/4 done')]);
});

test('serve goes on with a closed day, and resume has WeChat asked at once', async () => {
  const { simulator, env, sheet } = await office(['1', '2', '3', '4', '5']);
  await run(['load', sheet], { env });
  const serving = start(['serve', '--only', 'work,listen'], { env: { ...env, FASTREGISTER_QUOTA_RECHECK: '1h' } });
  simulator.setPushUrl(`http://127.0.0.1:${await portOf(serving, 'receiver')}${EVENTS_PATH}`);
  const statusSays = async (text: string): Promise<boolean> => (await run(['status'], { env })).stdout.includes(text);
  await until('WeChat has closed the day', () => statusSays('closed by WeChat'));

  expect(await run(['resume'], { env })).toMatchObject({ status: 0, stderr: expect.stringContaining('asked at once') });
  await until('WeChat was asked', () => quotaCalls(simulator) === 1);
  expect(await statusSays('closed by WeChat')).toBe(true);

  // Somebody had it reset, once for two and once for the last.
  for (const sent of [4, 5]) {
    simulator.setUsedCalls(0);
    expect((await run(['resume'], { env })).status).toBe(0);
    await until(`${sent} were created`, () => simulator.state().tasks.created === sent);
  }
  serving.kill('SIGTERM');
  expect((await serving.ended).status).toBe(0);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** A sheet, and a WeChat that takes two calls a day. */
async function office(numbers: readonly string[]) {
  const home = newHome();
  const simulator = await newSimulator({ dailyCalls: 2 });
  const sheet = join(home, 'sheet.csv');
  writeFileSync(sheet, sheetOf(numbers.map((number) => merchant(Number(number)))));
  const env = {
    ...rehearsalEnvironment(join(home, 'data'), simulator.url),
    FASTREGISTER_LOG_LEVEL: 'info',
    FASTREGISTER_CONCURRENCY: '1',
  };
  return { simulator, env, sheet };
}

function quotaCalls(simulator: Simulator): number {
  const answers = simulator.state().calls['/cgi-bin/openapi/quota/get']?.[''] ?? {};
  return Object.values(answers).reduce((sum, count) => sum + count, 0);
}
