/** Rows in pages: small enough that no other work waits long, and large enough that threads exchange them at little cost. */
import { ROWS_PER_PAGE } from '../../domain/batch.js';
import type { SheetRow } from '../../domain/sheet-row.js';

/** A page of usual rows has 50,000. Checking the rows of one page must not keep the main thread from anything else. */
const PAGE_CHARACTERS = 256 * 1024;

export interface Page {
  readonly rows: SheetRow[];
  /** The number of characters, plus one for each cell. */
  readonly weight: number;
}

export function openPages() {
  let rows: SheetRow[] = [];
  let weight = 0;

  /** Returns the page if this row fills it. */
  function add(row: SheetRow): Page | undefined {
    rows.push(row);
    weight += row.cells.length;
    for (const cell of row.cells) weight += cell.length;
    if (rows.length < ROWS_PER_PAGE && weight < PAGE_CHARACTERS) return undefined;
    const page = { rows, weight };
    rows = [];
    weight = 0;
    return page;
  }

  return { add, rest: (): SheetRow[] | undefined => (rows.length === 0 ? undefined : rows) };
}

/**
 * A page in the form in which threads exchange it: one text and numbers, which are copied as a whole. An array of arrays of
 * texts would be cloned element by element.
 */
export interface PostedPage {
  readonly text: string;
  /** Line, number and count of cells of each row. */
  readonly rows: Uint32Array;
  /** Length of each cell. */
  readonly cells: Uint16Array;
  /** Properties that few rows have, by the row's place in the page. */
  readonly others: readonly (readonly [at: number, facts: Omit<SheetRow, 'line' | 'row' | 'cells'>])[];
}

const FACTS_OF_A_ROW = 3;

export function packPage(page: readonly SheetRow[]): PostedPage {
  const rows = new Uint32Array(page.length * FACTS_OF_A_ROW);
  let count = 0;
  for (const { cells } of page) count += cells.length;
  const lengths = new Uint16Array(count);
  const others: [number, Omit<SheetRow, 'line' | 'row' | 'cells'>][] = [];
  const texts: string[] = [];
  let cellAt = 0;
  for (const [at, { line, row, cells, ...facts }] of page.entries()) {
    rows.set([line, row, cells.length], at * FACTS_OF_A_ROW);
    for (const cell of cells) lengths[cellAt++] = cell.length;
    texts.push(cells.join(''));
    if (hasAny(facts)) others.push([at, facts]);
  }
  return { text: texts.join(''), rows, cells: lengths, others };
}

function hasAny(facts: object): boolean {
  for (const _ in facts) return true;
  return false;
}

export function unpackPage({ text, rows, cells: lengths, others }: PostedPage): SheetRow[] {
  const page: SheetRow[] = [];
  let textAt = 0;
  let cellAt = 0;
  for (let at = 0; at < rows.length; at += FACTS_OF_A_ROW) {
    const count = rows[at + 2] ?? 0;
    const cells: string[] = [];
    for (let i = 0; i < count; i++) {
      const end = textAt + (lengths[cellAt++] ?? 0);
      cells.push(text.slice(textAt, end));
      textAt = end;
    }
    page.push({ line: rows[at] ?? 0, row: rows[at + 1] ?? 0, cells });
  }
  for (const [at, facts] of others) page[at] = { ...(page[at] as SheetRow), ...facts };
  return page;
}
