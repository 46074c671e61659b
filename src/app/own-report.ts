import { REPORT_HEADINGS } from '../domain/columns.js';
import { openSheet } from '../producer/sheets/sheet.js';
import { SheetError } from '../producer/sheets/sheet-error.js';

/** Whether a file is a report of ours, CSV or workbook: the same run writes its own again, and over nothing else. */
export async function isOwnReport(file: string): Promise<boolean> {
  try {
    const [mark, last] = (await openSheet(file)).headings.slice(-2);
    const { registration_id, batch } = REPORT_HEADINGS;
    return mark === registration_id.en && (last === batch.en || last === batch.zh);
  } catch (error) {
    if (error instanceof SheetError) return false;
    throw error;
  }
}
