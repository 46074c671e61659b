/** A quota day that WeChat has closed, as its users meet it: run, serve, resume, status and doctor. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Simulator } from '../../simulator/simulator.js';
import type { Finding } from '../../src/app/doctor/finding.js';
import { doctorCommand } from '../../src/cli/commands/doctor.js';
import { resumeCommand } from '../../src/cli/commands/line.js';
import { statusCommand } from '../../src/cli/commands/status.js';
import { run, typed } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { type Ended, portOf, start } from '../support/program.js';
import { EVENTS_PATH, emptyRedis, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** Programs are started one after the other, beside whatever else the machine does. */
const LIMIT_MS = 180_000;

test(
  'run checks for a while, ends with 4 when the day is still closed, and at once when it is started again; then it goes on',
  async () => {
    const { simulator, env, finish } = await office([1, 2, 3, 4]);
    const { status, stderr } = await finish('200ms');
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /Stopped\. It waits: WeChat said at .+ that today's calls are used up\. WeChat is asked again/,
    );
    expect(stderr).toContain('`fastregister resume` asks WeChat at once');
    // After 1, 5 and 15 times as long; a busy machine may come too late for the last of them.
    expect(quotaCalls(simulator)).toBeOneOf([2, 3]);

    const shown = await run(statusCommand, [], env);
    expect(shown.stdout).toMatch(/closed by WeChat\s+at \S+: create:45009 /);
    expect(shown.stdout).toMatch(/last check\s+at \S+: quota\/get: 2 of 2 used, 0 left/);
    expect(shown.stdout).toMatch(/next check\s+at \S+/);
    const { calls } = JSON.parse((await run(statusCommand, ['--json'], env)).stdout) as { calls: object };
    expect(calls).toMatchObject({ left: 0, kept: 0, shut: { said: expect.stringContaining('create:45009') } });
    const findings = JSON.parse((await run(doctorCommand, ['--json'], env)).stdout) as Finding[];
    expect(findings).toContainEqual({
      check: 'quota day',
      verdict: 'warning',
      says: expect.stringMatching(/closed by WeChat at .*create:45009 .*next check at/),
      todo: expect.stringContaining('fastregister resume'),
    });

    const checks = quotaCalls(simulator);
    expect((await finish('200ms')).status).toBe(4);
    expect(quotaCalls(simulator)).toBeGreaterThan(checks);

    simulator.setUsedCalls(0);
    const done = await finish('1h');
    expect([done.status, done.stderr]).toEqual([0, expect.stringContaining('4/4 done')]);
  },
  LIMIT_MS,
);

test(
  'serve goes on with a closed day, and resume has it checked at once',
  async () => {
    const { simulator, env, sheet } = await office([1, 2, 3, 4, 5]);
    const serving = start(['serve', '--only', 'work,listen'], {
      env: { ...env, FASTREGISTER_LOG_LEVEL: 'info', FASTREGISTER_QUOTA_RECHECK: '1h' },
    });
    simulator.setPushUrl(`http://127.0.0.1:${await portOf(serving, 'receiver')}${EVENTS_PATH}`);
    expect((await typed(['load', sheet], { env })).status).toBe(0);
    const isClosed = async (): Promise<boolean> =>
      (await run(statusCommand, [], env)).stdout.includes('closed by WeChat');
    await until('WeChat has closed the day', isClosed, LIMIT_MS / 3);
    expect(quotaCalls(simulator)).toBe(0);

    expect((await run(resumeCommand, [], env)).status).toBe(0);
    await until('it was checked', () => quotaCalls(simulator) === 1);
    expect(await isClosed()).toBe(true);

    for (const sent of [4, 5]) {
      simulator.setUsedCalls(0);
      expect((await run(resumeCommand, [], env)).status).toBe(0);
      await until(`${sent} were created`, () => simulator.state().tasks.created === sent);
    }
    serving.kill('SIGTERM');
    expect((await serving.ended).status).toBe(0);
  },
  LIMIT_MS,
);

// --- helpers ----------------------------------------------------------------------------------------------------------

/** A sheet, and a WeChat that takes two calls a day. */
async function office(numbers: readonly number[]) {
  const home = newHome();
  const simulator = await newSimulator({ dailyCalls: 2 });
  const sheet = join(home, 'sheet.csv');
  writeFileSync(sheet, sheetOf(numbers.map((number) => merchant(number))));
  const env = {
    ...rehearsalEnvironment(join(home, 'data'), simulator.url),
    ...(await emptyRedis()),
    FASTREGISTER_CONCURRENCY: '1',
  };
  async function finish(recheck: string): Promise<Ended> {
    const port = await freePort();
    simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`);
    const changes = { FASTREGISTER_EVENTS_PORT: String(port), FASTREGISTER_QUOTA_RECHECK: recheck };
    return typed(['run', sheet], { env: { ...env, ...changes } });
  }
  return { simulator, env, sheet, finish };
}

function quotaCalls(simulator: Simulator): number {
  const answers = simulator.state().calls['/cgi-bin/openapi/quota/get']?.[''] ?? {};
  return Object.values(answers).reduce((sum, count) => sum + count, 0);
}
