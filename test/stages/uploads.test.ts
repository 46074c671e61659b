/** The small parts of an upload: names, turns, and what is read of the findings. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { safeFileName } from '../../src/app/uploads/file-name.js';
import { openFindings, readFindings } from '../../src/app/uploads/findings.js';
import { claimState, openDraft, readState, UPLOAD_LIMITS, writeState } from '../../src/app/uploads/folder.js';
import { openLane } from '../../src/app/uploads/lane.js';
import { politely } from '../../src/app/uploads/polite.js';
import type { PlannedRow } from '../../src/producer/plan.js';
import type { Sheet } from '../../src/producer/sheets/sheet.js';

test.each([
  ['商户 表.xlsx', '商户 表.xlsx'],
  ['C:\\fake\\path\\a.csv', 'a.csv'],
  ['../../etc/passwd', 'passwd'],
  ['..', 'sheet'],
  ['', 'sheet'],
  ['.hidden.csv', 'hidden.csv'],
  ['a\u202egpj.csv', 'agpj.csv'],
  ['a\r\nb\tc.csv', 'abc.csv'],
  ['<img src=x>?.csv', '_img src=x__.csv'],
  [`${'商'.repeat(300)}.xlsx`, `${'商'.repeat(115)}.xlsx`],
])('a file called %j is shown as %j', (given, shown) => {
  expect(safeFileName(given)).toBe(shown);
});

test('what a full disk leaves of a state counts as absent, and a state is claimed once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-upload-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'start.json'), '');
  expect(await readState({ folder }, 'start.json')).toBeUndefined();
  rmSync(join(folder, 'start.json'));
  const claims = await Promise.all([1, 2, 3].map((user) => claimState({ folder }, 'start.json', { user })));
  expect(claims.filter(Boolean)).toHaveLength(1);
  expect(await readState({ folder }, 'start.json')).toEqual({ user: claims.indexOf(true) + 1 });
  expect(readdirSync(folder)).toEqual(['start.json']);
  await expect(claimState({ folder: join(folder, 'gone') }, 'start.json', {})).rejects.toThrow('ENOENT');
});

test.each([
  ['so many wait', { waiting: 2 }, '500 uploads wait'],
  ['so much of them waits', { bytesInAll: 150 }, 'Uploads of 2 GB wait'],
])('no further sheet is taken where %s, and what was loaded does not wait', async (_, less, said) => {
  const usual = { ...UPLOAD_LIMITS };
  Object.assign(UPLOAD_LIMITS, less);
  onTestFinished(() => void Object.assign(UPLOAD_LIMITS, usual));
  const settings = { home: mkdtempSync(join(tmpdir(), 'fr-upload-')), ledger: 'default' };
  onTestFinished(() => rmSync(settings.home, { recursive: true }));
  const upload = async () => (await openDraft(settings)).finish('wang', [{ name: 'a.csv', bytes: 100 }], Date.now());
  const first = await upload();
  await upload();
  await expect(openDraft(settings)).rejects.toThrow(said);
  await writeState(first, 'done.json', {});
  await upload();
});

test('of work in one lane so much is done at once as the lane has room for, in its order', async () => {
  const lane = openLane(2);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const works = Array.from({ length: 5 }, (_, at) =>
    lane(async () => {
      began.push(at);
      await new Promise<void>((resolve) => void ends.push(resolve));
      if (at === 1) throw new Error('this one fails');
    }),
  );
  const settled = Promise.allSettled(works);
  for (const expected of [
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
  ]) {
    await setImmediate();
    expect(began).toEqual(expected);
    ends.shift()?.();
  }
  for (const end of ends) end();
  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  // The places are free again.
  expect(await lane(async () => 'done')).toBe('done');
});

test.each(['rows', 'pagesToAccept'] as const)(
  'between busy pages others get their turns, and each of %s comes once',
  async (kind) => {
    const pages = Array.from({ length: 6 }, (_, at) => [{ line: at }]);
    async function* read() {
      yield* pages;
    }
    const sheet = politely({ [kind]: read } as unknown as Sheet);
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    onTestFinished(() => clearInterval(ticking));
    // The loop is measured once it has been idle.
    await pause(20);
    turns = 0;
    const came: unknown[] = [];
    for await (const page of sheet[kind]?.({} as never) ?? []) {
      came.push(page);
      const until = performance.now() + 40;
      while (performance.now() < until);
    }
    expect(came).toEqual(pages);
    expect(turns).toBeGreaterThanOrEqual(6);
  },
);

function planned(line: number, code: 'sheet:code_length' | 'sheet:spaces_repaired' | undefined): PlannedRow {
  const problems = code === undefined ? [] : [{ code, severity: 'error' as const, cell: `B${line}` }];
  const row = { line, number: line, cells: ['x'], problems, registration: undefined, isPhoneBlank: true };
  return { row: { ...row, merchant: undefined }, status: code === 'sheet:code_length' ? 'invalid' : 'ready' };
}

test('a filter reads only the pages that have what it asks for, and goes on where it stopped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'rows');
  const findings = await openFindings(path, 0);
  await findings.add([1, 2, 3].map((line) => planned(line, 'sheet:spaces_repaired')));
  await findings.add([planned(4, undefined)]);
  await findings.add([
    planned(5, 'sheet:code_length'),
    planned(6, 'sheet:spaces_repaired'),
    planned(7, 'sheet:code_length'),
  ]);
  const index = await findings.end();
  // A page without anything to say is not kept.
  expect(index.blocks).toHaveLength(2);
  const lines = async (show: string | undefined, from?: string) => {
    const { findings: found, next } = await readFindings(path, index, { show, from, most: 2 });
    return [found.map(({ line }) => line), next];
  };
  expect(await lines(undefined)).toEqual([[1, 2], '0-2']);
  expect(await lines(undefined, '0-2')).toEqual([[3, 5], '1-1']);
  expect(await lines('repaired', '0-2')).toEqual([[3, 6], undefined]);
  expect(await lines('correct')).toEqual([[5, 7], undefined]);
  expect(await lines('sheet:code_length', '1-1')).toEqual([[7], undefined]);
  expect(await lines('never:heard')).toEqual([[], undefined]);
  expect(await lines(undefined, '../../etc')).toEqual([[1, 2], '0-2']);
  // Pages of the file that do not have it are not looked at.
  const torn = { ...index, blocks: index.blocks.map((block, at) => (at === 0 ? ([0, 3, block[2]] as const) : block)) };
  expect((await readFindings(path, torn, { show: 'correct', most: 9 })).findings).toHaveLength(2);
});
