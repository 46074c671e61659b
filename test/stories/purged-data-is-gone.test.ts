/** What was purged is on no disk of ours, also where the purge is the only process of a private Redis. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { newHome } from '../support/rehearsal.js';
import { until, untilMillisecondsOld } from '../support/until.js';

/** Files under a folder in which one of these texts stands. A server that ends removes some of its own meanwhile. */
function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = contentOf(file);
      return texts.some((text) => bytes.includes(text));
    });
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

test('no file of the home has a merchant any more when purge has ended', async () => {
  const home = newHome();
  const env = { FASTREGISTER_HOME: join(home, 'data') };
  const merchants = [1, 2, 3].map((number) => merchant(number));
  const private_ = merchants.flatMap(({ name, code, legalPersonaWechat }) => [name, code, legalPersonaWechat]);
  const sheet = join(home, 'merchants.csv');
  writeFileSync(sheet, sheetOf(merchants));

  const batch = (await typed(['load', sheet], { env })).stdout.trim();
  expect((await typed(['cancel', batch, '--yes'], { env })).status).toBe(0);
  expect(filesWith(join(home, 'data'), private_)).not.toEqual([]);

  await untilMillisecondsOld();
  const { status, stderr } = await typed(['purge', '--older-than', '1ms', '--yes'], { env });
  expect([status, stderr]).toEqual([0, expect.stringContaining('Forgotten: 1 batch, 3 registrations')]);
  // Redis deletes the files that it has replaced in a thread of its own.
  await until('nothing is left', () => filesWith(join(home, 'data'), private_).length === 0);
  expect((await typed(['status'], { env })).status).toBe(0);
  expect(filesWith(join(home, 'data'), private_)).toEqual([]);
});
