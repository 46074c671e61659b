/** Sheets that somebody named on the command line: how they are to be taken, and opening them. */
import type { Command } from 'commander';
import { requiredFields } from '../domain/check-row.js';
import type { Language } from '../domain/words.js';
import { countRefused, type Rules, refuseMostlyInvalid } from '../producer/checked-rows.js';
import { openSheet, type Sheet } from '../producer/sheets/sheet.js';
import { SheetError } from '../producer/sheets/sheet-error.js';
import { say } from './terminal.js';

/** Flags of every command that takes sheets. */
export interface SheetOptions {
  readonly acceptWarnings: string;
  readonly maxInvalid?: string;
  readonly again?: true;
}

export function withSheetOptions(command: Command): Command {
  return withIntakeOptions(command).option('--again', 'ask for one more Mini Program of merchants that have one');
}

/** Those that a nightly run has, too. */
export function withIntakeOptions(command: Command): Command {
  return command
    .option('--accept-warnings <yes|no>', 'whether rows with warnings are sent', 'yes')
    .option('--max-invalid <SHARE>', 'refuse a file with a larger share of invalid rows, e.g. 5%');
}

/**
 * Every file is opened, and counted where a limit is set, before anything is stored.
 * @throws SheetError that names the file
 */
export async function openSheetFiles(
  files: readonly string[],
  rules: Rules,
  mostInvalid: number,
  language?: Language,
): Promise<{ file: string; sheet: Sheet }[]> {
  const sheets = [];
  for (const file of files) sheets.push({ file, sheet: await openSheetFile(file, rules, language) });
  if (mostInvalid < 1)
    for (const { file, sheet } of sheets)
      await named(file, async () => refuseMostlyInvalid(await countRefused(sheet, rules), mostInvalid), language);
  return sheets;
}

/** @throws SheetError that names the file */
function openSheetFile(file: string, rules: Rules, language?: Language): Promise<Sheet> {
  const read = async (): Promise<Sheet> => {
    const sheet = await openSheet(file, { required: requiredFields(rules.needs) });
    for (const note of sheet.notes) say(`${file}: ${note}`);
    return sheet;
  };
  return named(file, read, language);
}

/** What is wrong with a file, with its name in front. @throws SheetError */
export async function named<T>(file: string, read: () => T | Promise<T>, language: Language = 'en'): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SheetError)) throw error;
    const { en, zh } = error.words;
    throw new SheetError({ en: `${file}: ${en}`, zh: `${file}：${zh}` }, { language, cause: error });
  }
}
