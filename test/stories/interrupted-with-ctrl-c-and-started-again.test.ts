import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startOf } from '../../src/redis/server/process.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { portOf, start } from '../support/program.js';
import { EVENTS_PATH, merchantsAskedTwice, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';
import { cellsShown } from '../support/workbook-parts.js';

test('the same command goes on where it stopped, until every row has its outcome', async () => {
  const home = newHome();
  const simulator = await newSimulator({ slowAnswerMs: 300, pushRetries: 1_000 });
  const rows = Array.from({ length: 40 }, (_, number) => merchant(number, number % 2 ? 'slow' : 'ok'));
  const [sheet, report] = [join(home, 'merchants.csv'), join(home, 'outcomes.xlsx')];
  writeFileSync(sheet, sheetOf(rows));
  const env = {
    ...rehearsalEnvironment(join(home, 'data'), simulator.url),
    FASTREGISTER_CALLS_PER_SECOND: '20',
    FASTREGISTER_PUSH_WAIT: '30s',
    FASTREGISTER_GIVE_UP: '1h',
    FASTREGISTER_LOG_LEVEL: 'info',
  };
  const begin = async () => {
    const program = start(['run', sheet, '-o', report, '--lang', 'zh'], { env });
    simulator.setPushUrl(`http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`);
    return program;
  };

  const first = await begin();
  await until('some rows were sent', () => Object.keys(simulator.state().merchants).length >= 8);
  first.kill('SIGINT');
  const interrupted = await first.ended;

  expect(interrupted.status).toBe(130);
  expect(interrupted.stderr).toContain('再次运行同一命令即可继续。');
  const outcomes = await outcomesIn(report);
  expect(outcomes).toMatchObject({ 处理中: expect.any(Number) });
  expect(Object.values(outcomes).reduce((sum, count) => sum + count)).toBe(40);
  expect(await redisRuns(join(home, 'data'))).toBe(false);

  const second = await (await begin()).ended;
  expect(second.status).toBe(0);
  expect(await outcomesIn(report)).toEqual({ 已创建: 40 });
  expect(merchantsAskedTwice(simulator)).toEqual([]);
  expect(await redisRuns(join(home, 'data'))).toBe(false);
});

test('interrupted twice, it ends at once, and no merchant is asked twice afterwards', async () => {
  const home = newHome();
  const simulator = await newSimulator({ slowAnswerMs: 6_000, pushRetries: 1_000 });
  const rows = Array.from({ length: 6 }, (_, number) => merchant(number, 'slow'));
  const sheet = join(home, 'merchants.csv');
  writeFileSync(sheet, sheetOf(rows));
  const env = {
    ...rehearsalEnvironment(join(home, 'data'), simulator.url),
    FASTREGISTER_REQUEST_TIMEOUT: '30s',
    FASTREGISTER_PUSH_WAIT: '30s',
    FASTREGISTER_GIVE_UP: '1h',
    FASTREGISTER_LOG_LEVEL: 'info',
  };
  const begin = async () => {
    const program = start(['run', sheet], { env });
    simulator.setPushUrl(`http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`);
    return program;
  };

  const first = await begin();
  await until('all rows are in flight', () => Object.keys(simulator.state().merchants).length === 6);
  first.kill('SIGINT');
  await until('the first signal was heard', () => first.stderr().includes('a second one stops at once'));
  first.kill('SIGINT');
  const { status, stderr } = await first.ended;
  expect(status).toBe(130);
  // What is said once the calls in flight have ended.
  expect(stderr).not.toContain('The same command goes on');

  const second = await (await begin()).ended;
  expect(second.status).toBe(0);
  expect(merchantsAskedTwice(simulator)).toEqual([]);
  expect(await redisRuns(join(home, 'data'))).toBe(false);
});

test('a terminal that is closed is an interruption: what was sent is recorded, and the report written', async () => {
  const home = newHome();
  const simulator = await newSimulator({ slowAnswerMs: 1_000, pushRetries: 1_000 });
  const rows = Array.from({ length: 4 }, (_, number) => merchant(number, 'slow'));
  const [sheet, report] = [join(home, 'merchants.csv'), join(home, 'outcomes.csv')];
  writeFileSync(sheet, sheetOf(rows));
  const env = { ...rehearsalEnvironment(join(home, 'data'), simulator.url), FASTREGISTER_LOG_LEVEL: 'info' };
  const program = start(['run', sheet, '-o', report], { env });
  simulator.setPushUrl(`http://127.0.0.1:${await portOf(program, 'receiver')}${EVENTS_PATH}`);
  await until('a row is in flight', () => Object.keys(simulator.state().merchants).length > 0);
  // The kernel and the shell send one each.
  program.kill('SIGHUP');
  await until('the first signal was heard', () => program.stderr().includes('SIGHUP'));
  program.kill('SIGHUP');
  const { status, stderr } = await program.ended;
  expect(stderr).toContain('The same command goes on where this one stopped.');
  expect(status).toBe(129);
  expect(readFileSync(report, 'utf8').trim().split('\r\n')).toHaveLength(5);
  expect(await redisRuns(join(home, 'data'))).toBe(false);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** The column after the six of the sheet and `行号`. */
async function outcomesIn(report: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [place, { text }] of await cellsShown(report, 1)) {
    if (/^H(?!1$)/.test(place)) counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
}

async function redisRuns(home: string): Promise<boolean> {
  const file = join(home, 'redis/redis.pid');
  return existsSync(file) && (await startOf(Number(readFileSync(file, 'utf8')))) !== undefined;
}
