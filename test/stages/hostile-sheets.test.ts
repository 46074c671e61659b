/** A part of bench/hostile-sheets.js, with the same files each time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRow, requiredFields } from '../../src/domain/check-row.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { SheetError } from '../../src/producer/sheets/sheet-error.js';
import { ATTACK_KINDS, attack, type HostileFile, hostileFile } from '../support/hostile-sheets.mjs';
import { runs } from '../support/runs.js';

const NEEDS = { legalPerson: true, codeTypes: [1, 2, 3], phone: true } as const;
const LIMIT_MS = 300_000;
const FILES = runs(80, 20);
/** Of the size that hurts most; each limit has a test of its own (sheet-limits). */
const SHARE = process.env.TEST_RUNS === 'many' ? 1 / 10 : 1 / 100;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What becomes of a file: its rows are read, or it is refused, each for a reason of its own. */
async function answerTo({ name, bytes }: HostileFile): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  try {
    const sheet = await openSheet(path, { required: requiredFields(NEEDS) });
    let rows = 0;
    for await (const page of sheet.rows()) {
      for (const row of page) checkRow(row, sheet.layout, NEEDS);
      rows += page.length;
    }
    return `${rows} rows`;
  } catch (error) {
    if (!(error instanceof SheetError)) return `${name}: ${String(error)}`;
    const { en, zh } = error.words;
    // Only what no limit has caught comes to a blockedReason, or to an end of its memory.
    const isStopped = en.includes('so it was stopped');
    const isClear = !isStopped && /^[^\n]{15,2000}$/.test(en) && /\p{Script=Han}/u.test(zh) && !zh.includes('\n');
    return isClear ? 'refused' : `${name}: ${en} / ${zh}`;
  } finally {
    await rm(path);
  }
}

test(
  'every attack that we know is answered, and none has to be stopped',
  async () => {
    for (const kind of ATTACK_KINDS) {
      expect(await answerTo(attack(kind, { share: SHARE }))).toMatch(/^(?:\d+ rows|refused)$/);
    }
  },
  LIMIT_MS,
);

test(
  `${FILES} files made by chance are answered, some of them with rows`,
  async () => {
    const answers = [];
    for (let number = 0; number < FILES; number += 1) answers.push(await answerTo(hostileFile(20_260_105, number)));
    expect(answers.filter((answer) => !/^(?:\d+ rows|refused)$/.test(answer))).toEqual([]);
    expect(answers.filter((answer) => answer !== 'refused').length).toBeGreaterThan(FILES / 10);
  },
  LIMIT_MS,
);
