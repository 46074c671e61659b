import { execFile } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { run, start } from '../support/program.js';
import { newHome, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** Every write to it fails as on a full disk. Linux alone has it. */
const FULL = '/dev/full';

function fullDisk(): number {
  const file = openSync(FULL, 'w');
  onTestFinished(() => closeSync(file));
  return file;
}

test.skipIf(!existsSync(FULL))('a command does its work where its words cannot be written', async () => {
  const { status, stdout } = await run(['template', '--redis-url', 'redis://:secret@127.0.0.1'], {
    stderr: fullDisk(),
  });
  expect(stdout).toContain('code');
  expect(status).toBe(0);
});

test.skipIf(!existsSync(FULL))('a service serves on where its log cannot be written', async () => {
  const port = await freePort();
  const env = {
    ...rehearsalEnvironment(newHome(), 'http://127.0.0.1:9'),
    FASTREGISTER_CONSOLE_PORT: String(port),
    FASTREGISTER_CONSOLE_PASSWORD: 'a password of tests',
    FASTREGISTER_LOG_LEVEL: 'trace',
  };
  const program = start(['serve', '--only', 'console'], { env, stderr: fullDisk() });
  await until('the console answers', async () => {
    if (program.child.exitCode !== null) throw new Error(`it ended with ${program.child.exitCode}`);
    return (await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined))?.status === 200;
  });
  program.kill('SIGTERM');
  expect((await program.ended).status).toBe(0);
});

test('a log on a disk that was full goes on when the disk has room again, and loses no line of a short time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = `
    import { ftruncateSync, readFileSync } from 'node:fs';
    import { openLog } from '${new URL('../../dist/src/log.js', import.meta.url)}';
    const log = openLog('info');
    const lines = () => readFileSync(process.env.LOG, 'utf8');
    let written = '';
    for (let number = 1; number <= 40; number += 1) log.info({ number }, 'a line of the log');
    written += lines();
    ftruncateSync(2, 0);
    log.info({ number: 41 }, 'a line of the log');
    written += lines();
    console.log(JSON.stringify(written.trim().split('\\n').map((line) => JSON.parse(line).number)));`;
  // No file may have more than so many blocks: the write that reaches the limit is cut short, like on a full disk.
  const shell = ['-c', 'ulimit -f 6 && exec "$0" --input-type=module --eval "$1" 2>>"$LOG"', process.execPath, script];
  const { stdout } = await promisify(execFile)('/bin/sh', shell, { env: { ...process.env, LOG: join(folder, 'log') } });
  expect(JSON.parse(stdout)).toEqual(Array.from({ length: 41 }, (_, at) => at + 1));
});
