import { existsSync } from 'node:fs';
import { mkdir, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { batchNamed } from '../app/batches.js';
import type { Store } from '../app/wiring/store.js';
import { isoWithOffset } from '../domain/calendar.js';
import { OutputError, writeWhole } from '../reporter/file.js';
import { fileNamePart } from '../reporter/file-name.js';
import { type LinkSheetOptions, linkSheet } from '../reporter/link-sheet.js';
import { linksOf, type MerchantLink } from '../reporter/links.js';
import { qrPng } from '../reporter/qr.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { languageFrom } from './flags.js';
import { print, say, table } from './terminal.js';

interface Options {
  readonly qr?: string;
  readonly lang?: string;
  readonly json?: true;
}

export function linksCommand(): Command {
  return command(
    'links [BATCH]',
    'The links that legal persons have yet to open, each valid for 24 hours. Without BATCH: the newest.',
    'fastregister links --qr links-of-today --lang zh',
  )
    .option('--qr <DIR>', 'write a QR code (PNG) for each merchant into this folder, and links.html to print')
    .option('--json', 'print as JSON')
    .action(async (batch: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => links(context, batch, options)),
    );
}

async function links({ open, settings }: CommandContext, id: string | undefined, options: Options): Promise<number> {
  const language = options.lang === undefined ? 'zh' : languageFrom(options.lang);
  const store: Store = await open('interactive');
  const batch = await batchNamed(store, id);
  const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);
  const found: MerchantLink[] = [];
  for await (const link of linksOf(store.batches, batch, Date.now())) found.push(link);

  if (options.qr !== undefined) {
    await writeCodes(options.qr, found, { title: batch.file, language, time });
    say(`${found.length} QR codes and ${LINK_SHEET} are in ${options.qr}.`);
  } else if (options.json) {
    for (const { line, merchant, registration, url, endsAt, stage } of found) {
      const row = { line, merchant, registration_id: registration, authorize_url: url, ends_at: time(endsAt), stage };
      await print(`${JSON.stringify(row)}\n`);
    }
  } else if (found.length > 0) {
    const rows = found.map(({ line, merchant, url, endsAt }) => [String(line), merchant, time(endsAt), url]);
    await print(`${table([['line', 'merchant', 'ends at', 'link'], ...rows])}\n`);
  }
  tellEnding(found);
  return EXIT.done;
}

/** A PNG for each merchant, and a sheet to print. */
export async function writeCodes(
  folder: string,
  found: readonly MerchantLink[],
  options: LinkSheetOptions,
): Promise<void> {
  await prepareFolder(folder);
  // First, for by this file the folder is known to be ours.
  await writeWhole(join(folder, LINK_SHEET), toAsync(linkSheet(found, options)), true);
  for (const link of found) await writeFile(join(folder, pngName(link)), qrPng(link.url), { mode: 0o600 });
}

function tellEnding(found: readonly MerchantLink[]): void {
  const ending = found.filter(({ stage }) => stage === 'ending').length;
  if (found.length === 0) say('Nobody has a link to open at present.');
  else if (ending > 0)
    say(`${ending} of ${found.length} links end in less than three hours: remind those legal persons.`);
}

export const LINK_SHEET = 'links.html';
const OURS = /^\d{6,}-.+\.png$/u;

/** 000017-虚构商户.png: sorted as in the sheet. */
function pngName({ line, merchant }: MerchantLink): string {
  return `${String(line).padStart(6, '0')}-${fileNamePart(merchant)}.png`;
}

/** A code of yesterday must not be printed today, so the codes of the last time go; only out of a folder that is ours. */
async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    if (names.length > 0 && !existsSync(join(folder, LINK_SHEET))) {
      throw new OutputError({
        en: `${folder} has other files in it. Name a new folder for the codes.`,
        zh: `${folder} 中有其他文件。请为二维码另选一个新文件夹。`,
      });
    }
    for (const name of names.filter((it) => OURS.test(it))) await unlink(join(folder, name));
  } catch (error) {
    if (error instanceof OutputError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new OutputError(
      {
        en: `${folder} cannot be written to (${code}). Name another folder.`,
        zh: `无法写入 ${folder}（${code}）。请换一个文件夹。`,
      },
      { cause: error },
    );
  }
}

async function* toAsync<T>(pieces: Iterable<T>): AsyncGenerator<T> {
  yield* pieces;
}
