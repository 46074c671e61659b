/** Opening a sheet that somebody named on the command line. */
import { requiredFields } from '../domain/check-row.js';
import type { Rules } from '../producer/checked-rows.js';
import { openSheet, type Sheet } from '../producer/sheet.js';
import { SheetError } from '../producer/sheet-error.js';
import { UsageError } from './command.js';
import { say } from './terminal.js';

/** @throws SheetError that names the file */
export async function openSheetFile(file: string, rules: Rules): Promise<Sheet> {
  try {
    const sheet = await openSheet(file, { required: requiredFields(rules.needs) });
    for (const note of sheet.notes) say(`${file}: ${note}`);
    return sheet;
  } catch (error) {
    if (error instanceof SheetError) throw new SheetError(`${file}: ${error.message}`, { cause: error });
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? undefined : UNREADABLE[code];
    if (reason !== undefined) throw new SheetError(`${file}: ${reason}`, { cause: error });
    throw error;
  }
}

/** @throws UsageError: a word that is neither must not send rows that were to be held back */
export function yesOrNo(flag: string, text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new UsageError(`${flag} ${text}: write yes or no.`);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check its name and the folder.',
  EISDIR: 'this is a folder. Name the files in it.',
  ENOTDIR: 'a part of its path is a file, not a folder. Check the path.',
  EACCES: 'it may not be read. Change its permissions.',
};
