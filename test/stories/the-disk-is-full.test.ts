import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { openSpool } from '../../src/events/spool.js';
import type { ReceivedPush } from '../../src/redis/pushes.js';
import { readableLog } from '../support/log.js';
import { build } from '../support/program.js';

/** Keeps pushes until it is refused, then smaller ones, and says how many of each it was told are kept. */
const KEEP_UNTIL_REFUSED = `
  import { openSpool } from '${new URL('../../dist/events/spool.js', import.meta.url)}';
  const spool = await openSpool(process.env.SPOOL, { warn() {} });
  const kept = [];
  const codes = [];
  for (const bytes of [700, 1, 700]) {
    const push = { receivedAt: 1, createdAt: 1, infoType: String(bytes), query: '', body: Buffer.alloc(bytes) };
    let count = 0;
    try {
      for (;;) {
        await spool.append([push]);
        count += 1;
      }
    } catch (error) {
      codes.push(error.code);
    }
    kept.push(count);
  }
  console.log(JSON.stringify({ kept, codes }));`;

beforeAll(build, 120_000);

test('a disk that is full in the middle of a push refuses it, and gives back every push that it took', async () => {
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
  const { kept, codes } = JSON.parse(stdout) as { kept: [number, number, number]; codes: string[] };
  expect(codes).toEqual(['EFBIG', 'EFBIG', 'EFBIG']);
  const [large, small, none] = kept;
  expect(large).toBeGreaterThan(10);
  // What is left of the file has room for some that are smaller.
  expect(small).toBeGreaterThan(0);
  expect(none).toBe(0);

  const found: ReceivedPush[] = [];
  const spool = await openSpool(folder, readableLog().log);
  await spool.empty({
    storedOf: async () => 0,
    store: async (pushes) => {
      found.push(...pushes);
      return found.length;
    },
  });
  await spool.close();
  expect(found.map(({ infoType }) => infoType)).toEqual([...Array(large).fill('700'), ...Array(small).fill('1')]);
});
