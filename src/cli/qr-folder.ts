/** A folder of QR codes for legal persons, and a sheet of them to print. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError, writeWhole } from '../reporter/file.js';
import { fileNamePart } from '../reporter/file-name.js';
import { type LinkSheetOptions, linkSheet } from '../reporter/link-sheet.js';
import type { MerchantLink } from '../reporter/links.js';
import { qrPng } from '../reporter/qr.js';

/** A PNG for each merchant, and a sheet to print. */
export async function writeCodes(
  folder: string,
  found: readonly MerchantLink[],
  options: LinkSheetOptions,
): Promise<void> {
  await prepareFolder(folder);
  // Written first, because this file marks the folder as ours.
  await writeWhole(join(folder, LINK_SHEET), toAsync(linkSheet(found, options)), true);
  for (const link of found) await writeFile(join(folder, pngName(link)), qrPng(link.url), { mode: 0o600 });
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
