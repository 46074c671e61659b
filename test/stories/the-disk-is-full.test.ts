import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ReceivedPush } from '../../src/domain/push.js';
import { openSpool } from '../../src/events/spool.js';
import { readableLog } from '../support/log.js';
import { build } from '../support/program.js';

/** Keeps pushes, three at a time, until it is refused, then some that are smaller, and says how many it was told are kept. */
const KEEP_UNTIL_REFUSED = `
  import { openSpool } from '${new URL('../../dist/src/events/spool.js', import.meta.url)}';
  const spool = await openSpool(process.env.SPOOL, { warn() {} });
  const push = (bytes) => ({ receivedAt: 1, createdAt: 1, infoType: String(bytes), query: '', body: Buffer.alloc(bytes) });
  let large = 0;
  let code;
  while (code === undefined) {
    try {
      await spool.append([push(700), push(700), push(700)]);
      large += 3;
    } catch (error) {
      code = error.code;
    }
  }
  let small = 0;
  for (; small < 2; small += 1) await spool.append([push(1)]);
  console.log(JSON.stringify({ large, small, code }));`;

beforeAll(build, 120_000);

test('a disk that is full in the middle of a push refuses it, goes on, and gives back every push that it took and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-spool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // No file may have more than so many blocks: the write that reaches the limit is cut short, like on a full disk.
  const shell = [
    '-c',
    'ulimit -f 64 && exec "$0" --input-type=module --eval "$1"',
    process.execPath,
    KEEP_UNTIL_REFUSED,
  ];
  const { stdout } = await promisify(execFile)('/bin/sh', shell, { env: { ...process.env, SPOOL: folder } });
  const { large, small, code } = JSON.parse(stdout);
  expect(code).toBe('EFBIG');
  expect(large).toBeGreaterThan(10);
  expect(small).toBe(2);

  const found: ReceivedPush[] = [];
  const { log, lines } = readableLog();
  const spool = await openSpool(folder, log);
  await spool.empty({
    storedOf: async () => 0,
    store: async (pushes) => {
      found.push(...pushes);
      return found.length;
    },
  });
  await spool.close();
  expect(found.map(({ infoType }) => infoType)).toEqual([...Array(large).fill('700'), '1', '1']);
  expect(lines).toEqual([]);
});
