import { REPORT_HEADINGS } from '../domain/columns.js';
import { openSheet } from '../producer/sheets/sheet.js';
import { SheetError } from '../producer/sheets/sheet-error.js';

/**
 * The batch that a file is a report of, CSV or workbook: a run writes its own report again, and over nothing else. '' where the
 * report has no row; undefined where the file is no report of ours, or has rows that this batch has not: a person added them.
 */
export async function batchReportedIn(file: string): Promise<string | undefined> {
  try {
    const sheet = await openSheet(file);
    const [mark, last] = sheet.headings.slice(-2);
    const { registration_id, batch } = REPORT_HEADINGS;
    if (mark !== registration_id.en || (last !== batch.en && last !== batch.zh)) return undefined;
    const batches = new Set<string>();
    for await (const rows of sheet.rows()) {
      for (const { cells } of rows) batches.add(cells[sheet.headings.length - 1] ?? '');
      if (batches.size > 1 || batches.has('')) return undefined;
    }
    const [reported = ''] = batches;
    return reported;
  } catch (error) {
    if (error instanceof SheetError) return undefined;
    throw error;
  }
}
