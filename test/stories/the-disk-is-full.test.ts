import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { ReceivedPush } from '../../src/domain/push.js';
import { openSpool } from '../../src/events/spool.js';
import { readableLog } from '../support/log.js';

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

/** Writes entries, or pushes, until one is refused, makes room, writes one more, and prints how many were written and how many are read. */
const WRITE_UNTIL_REFUSED = `
  import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
  import { openJournal } from '${new URL('../../dist/src/redis/ledger/journal.js', import.meta.url)}';
  import { openVault } from '${new URL('../../dist/src/redis/vault.js', import.meta.url)}';
  const options = { ledgerKey: '', vault: openVault(Buffer.alloc(32, 1)), now: Date.now, log: { warn() {} } };
  const fact = { kind: 'create_sent', at: Date.now() };
  const push = { receivedAt: Date.now(), createdAt: 1, infoType: 'x', query: '', body: Buffer.alloc(700) };
  const kinds = {
    entries: (journal) => journal.write({ registration: 'r', writeId: 'w', fact }),
    pushes: async (journal) => journal.writePushes([push]),
  };
  const results = {};
  for (const [kind, write] of Object.entries(kinds)) {
    const home = process.env.HOME_OF_JOURNALS + '/' + kind;
    const journal = openJournal({ home, ...options });
    let code;
    while (code === undefined) await write(journal).catch((error) => { code = error.code; });
    const folder = home + '/journal/' + readdirSync(home + '/journal')[0];
    const path = folder + '/' + readdirSync(folder).find((name) => name.endsWith('.jsonl'));
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(text.lastIndexOf('\\n') + 1));
    await write(journal);
    results[kind] = { code, read: journal.read()[kind].length };
  }
  console.log(JSON.stringify(results));`;

test('a disk that is full in the middle of a push refuses it, goes on, and gives back every push that it took and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-spool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { large, small, code } = await withSmallFiles(KEEP_UNTIL_REFUSED, { SPOOL: folder });
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

test('a disk that is full in the middle of a line of the journal refuses that line, and what is written after it is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  expect(await withSmallFiles(WRITE_UNTIL_REFUSED, { HOME_OF_JOURNALS: folder })).toEqual({
    entries: { code: 'EFBIG', read: 1 },
    pushes: { code: 'EFBIG', read: 1 },
  });
});

/** No file may have more than so many blocks: the write that reaches the limit is cut short, like on a full disk. */
async function withSmallFiles(program: string, env: Readonly<Record<string, string>>) {
  const shell = ['-c', 'ulimit -f 64 && exec "$0" --input-type=module --eval "$1"', process.execPath, program];
  const { stdout } = await promisify(execFile)('/bin/sh', shell, { env: { ...process.env, ...env } });
  return JSON.parse(stdout);
}
