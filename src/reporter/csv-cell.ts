/** A cell of a CSV file, between its quotation marks: formulas guarded, quotation marks doubled. */
import { guard } from '../domain/formula-guard.js';

export function csvCell(text: string): string {
  const cell = guard(text);
  return cell.includes('"') ? cell.replaceAll('"', '""') : cell;
}
