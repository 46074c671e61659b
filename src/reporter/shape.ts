/** Which columns a report has, and where the cells of a batch's rows go. */

import type { Batch } from '../domain/batch.js';
import { FIELDS, REPORT_COLUMNS, REPORT_HEADINGS, type ReportColumn } from '../domain/columns.js';
import { OUTCOMES } from '../domain/outcomes.js';
import type { Outcome } from '../domain/registration.js';
import { ACTORS, type Actor, type Language } from '../domain/words.js';
import type { ReportRow } from './report.js';

export interface Shape {
  readonly headings: readonly string[];
  /** A row of that batch, cell by cell. */
  cellsOf(batch: Batch, row: ReportRow): string[];
}

/**
 * One batch keeps its columns unchanged. Several batches share one row of headings, so that the whole can be filtered,
 * sorted and uploaded: a column of ours is the same under any of its names, any other column under the same heading.
 * Programs read the English report, which has the machine-readable words; the Chinese report has words for people.
 */
export function shapeOf(batches: readonly Batch[], language: Language): Shape {
  const own = REPORT_COLUMNS.map((column) => REPORT_HEADINGS[column][language]);
  const [first, ...others] = batches;
  if (first !== undefined && others.every((batch) => isAlike(batch, first))) {
    return {
      headings: [...first.headings, ...own],
      cellsOf: (_, row) => withOwnCells(row.cells.slice(), row, language),
    };
  }
  const headings: string[] = [];
  const places = new Map<string, number>();
  const placesOf = new Map(
    batches.map((batch) => [
      batch.id,
      meanings(batch).map((meaning, column) => {
        let place = places.get(meaning);
        if (place === undefined) {
          place = headings.push(batch.headings[column] ?? '') - 1;
          places.set(meaning, place);
        }
        return place;
      }),
    ]),
  );
  return {
    headings: [...headings, ...own],
    cellsOf(batch, row) {
      const cells = new Array<string>(headings.length).fill('');
      placesOf.get(batch.id)?.forEach((place, column) => {
        cells[place] = row.cells[column] ?? '';
      });
      return withOwnCells(cells, row, language);
    },
  };
}

/** Adds to `cells`: a report is a million of them. */
function withOwnCells(cells: string[], row: ReportRow, language: Language): string[] {
  for (const column of REPORT_COLUMNS) cells.push(cellOf(row, column, language));
  for (const cell of row.surplus) cells.push(cell);
  return cells;
}

/** What the report has in a column of ours. */
export function cellOf(row: Pick<ReportRow, ReportColumn>, column: ReportColumn, language: Language): string {
  if (language === 'zh') {
    if (column === 'outcome') return OUTCOMES[row.outcome as Outcome].zh;
    if (column === 'who_acts') return ACTORS[row.who_acts as Actor].zh;
  }
  return row[column];
}

function isAlike(one: Batch, other: Batch): boolean {
  return (
    one.headings.length === other.headings.length &&
    one.headings.every((heading, at) => heading === other.headings[at]) &&
    one.columns.every((column, at) => column === other.columns[at])
  );
}

/** What each column of a batch is: a field of ours, or the nth column of that heading. */
function meanings({ headings, columns }: Batch): string[] {
  const seen = new Map<string, number>();
  return headings.map((heading, column) => {
    const field = FIELDS[columns.indexOf(column)];
    if (field !== undefined) return `field ${field}`;
    const nth = (seen.get(heading) ?? 0) + 1;
    seen.set(heading, nth);
    return `heading ${nth} ${heading}`;
  });
}
