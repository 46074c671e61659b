/** Sheets as files of this machine: opened, and counted where a limit is set, before anything is stored. */
import { requiredFields } from '../domain/check-row.js';
import { nameOnOneLine } from '../domain/printable.js';
import type { Language } from '../domain/words.js';
import type { Rules } from '../producer/checked-page.js';
import { refuseMostlyInvalid } from '../producer/checked-rows.js';
import { countRefused, type Past } from '../producer/plan.js';
import { openSheet, type Sheet } from '../producer/sheets/sheet.js';
import { SheetError } from '../producer/sheets/sheet-error.js';

/** `sheet.notes`: what a reader of the file should know. */
export interface SheetFile {
  readonly file: string;
  readonly sheet: Sheet;
}

export interface OpenEvents {
  /** Of the error's message; its words are in both. */
  readonly language?: Language | undefined;
  readonly onOpened?: ((opened: SheetFile) => void) | undefined;
}

/** The largest share of a file's rows that may be invalid, counted beside what the ledger knows. */
export interface InvalidLimit {
  readonly mostInvalid: number;
  readonly past: Past;
}

/**
 * Every file is opened, and counted where a limit is set, before anything is stored.
 * @throws SheetError that names the file
 */
export async function openSheetFiles(
  files: readonly string[],
  rules: Rules,
  limit: InvalidLimit | undefined,
  { language, onOpened }: OpenEvents = {},
): Promise<SheetFile[]> {
  const sheets = [];
  for (const file of files) {
    const opened = { file, sheet: await withFileName(file, () => openSheetAt(file, rules), language) };
    onOpened?.(opened);
    sheets.push(opened);
  }
  if (limit !== undefined && limit.mostInvalid < 1)
    for (const { file, sheet } of sheets)
      await withFileName(
        file,
        async () => refuseMostlyInvalid(await countRefused(sheet, rules, limit.past), limit.mostInvalid),
        language,
      );
  return sheets;
}

/** @throws SheetError */
export function openSheetAt(path: string, { needs }: Pick<Rules, 'needs'>): Promise<Sheet> {
  return openSheet(path, { required: requiredFields(needs) });
}

/** What is wrong with a file is said with its name in front. @throws SheetError */
export async function withFileName<T>(file: string, read: () => T | Promise<T>, language: Language = 'en'): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SheetError)) throw error;
    const { en, zh } = error.words;
    const name = nameOnOneLine(file);
    throw new SheetError({ en: `${name}: ${en}`, zh: `${name}：${zh}` }, { language, cause: error });
  }
}
