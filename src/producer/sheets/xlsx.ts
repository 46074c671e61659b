/**
 * Rows of a workbook. Own code over yauzl: of the readers we tried, hucre 1.0 makes doubles of long numbers, and
 * read-excel-file 9 does not distinguish a number from a text or a hidden sheet from a visible one, and holds all rows at once.
 */
import type { FileHandle } from 'node:fs/promises';
import { COUNTS_SHEET, type Field, type Layout } from '../../domain/columns.js';
import { hasExample, isExample } from '../../domain/example-row.js';
import { unguard } from '../../domain/formula-guard.js';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import type { SheetRow } from '../../domain/sheet-row.js';
import type { Words } from '../../domain/words.js';
import { isBlank } from './csv.js';
import { openExpansion } from './expansion.js';
import {
  findHeadings,
  HEADING_ROWS,
  type Headings,
  headingsError,
  isUsable,
  namesListed,
  shownName,
  weight,
} from './headings.js';
import { openPages } from './pages.js';
import { IN_WORKBOOK, readFailure, SheetError, tooMuch } from './sheet-error.js';
import { type HeadingLines, joinedHeadings } from './xlsx-headings.js';
import { type MergedRange, type Merges, openMerges } from './xlsx-merges.js';
import { contents, type SheetPart } from './xlsx-parts.js';
import { type RawRow, rawRows, type WorkbookTables } from './xlsx-rows.js';
import { type Archive, openArchive } from './zip.js';

export interface Workbook {
  readonly headings: Headings;
  readonly headingLine: number;
  readonly hasExample: boolean;
  readonly notes: readonly Words[];
  /** Bytes of the texts that its cells share. */
  readonly keeps: number;
  pages(file: FileHandle): AsyncIterable<SheetRow[]>;
}

/** Headings further right than this belong to something else. */
const HEADING_COLUMNS = SHEET_LIMITS.headings.most;

interface Candidate {
  readonly sheet: SheetPart;
  readonly rows: readonly RawRow[];
  /** Of these rows, and one for each cell. */
  readonly characters: number;
  readonly headings: Headings | undefined;
  /** Where the headings stand in several lines. */
  readonly lines?: HeadingLines;
}

/** Reads the workbook to its end: every reason to refuse it is found before one of its rows is loaded. */
export async function openWorkbook(file: FileHandle, required: readonly Field[]): Promise<Workbook> {
  return orBroken(async () => {
    const archive = await openArchive(file);
    const { sheets, tables } = await contents(archive);
    const { size } = await file.stat();
    const candidates: Candidate[] = [];
    let characters = 0;
    for (const sheet of sheets.filter(({ isHidden }) => !isHidden)) {
      const candidate = await candidateOf(archive, sheet, tables, required);
      characters += candidate.characters;
      if (characters > SHEET_LIMITS.head.most) throw tooMuch('head', IN_WORKBOOK);
      candidates.push(candidate);
    }
    // Merged headings cost another reading of a sheet: only where no sheet can be read without them.
    if (!candidates.some(hasRow)) {
      // One archive: what is unpacked of it is limited, and sheets may be one part.
      const again = await openArchive(file);
      for (const [at, candidate] of candidates.entries()) {
        if (isUsable(candidate.headings)) continue;
        const merges = openMerges([], lastRowOf(candidate));
        for await (const _ of rawRows(again.stream(candidate.sheet.part), tables, 0, merges.add));
        candidates[at] = withLines(candidate, merges.atHead, required);
      }
    }
    const first = candidates.reduce<Candidate | undefined>(
      (best, candidate) => (best === undefined || isBetter(candidate, best) ? candidate : best),
      undefined,
    );
    if (first === undefined || !isUsable(first.headings)) throw noHeadings(first, sheets, required);
    const readToEnd = async (candidate: Candidate) => {
      const reading = readingOf(candidate, tables);
      const merges = openMerges(Object.values(reading.layout.columns), lastRowOf(candidate));
      for await (const _ of pages(await openArchive(file), size, reading, NO_MERGES, merges.add));
      return { candidate, reading, merges };
    };
    let read = await readToEnd(first);
    const joined = withLines(first, read.merges.atHead, required);
    if (joined !== first) read = await readToEnd(joined);
    const { candidate: best, reading } = read;
    const headings = best.headings ?? first.headings;
    const found = read.merges.merges();
    const empty = candidates.filter(({ rows }) => rows.every(({ cells }) => isBlank(cells))).map(({ sheet }) => sheet);
    return {
      headings,
      headingLine: best.lines?.firstRow ?? reading.headingRow,
      hasExample: hasExample(
        best.rows.map(({ cells }) => cells),
        headings.layout,
      ),
      notes: notesOf(
        sheets.filter((sheet) => !empty.includes(sheet)),
        best.sheet,
        candidates.filter((candidate) => isUsable(candidate.headings)).map(({ sheet }) => sheet),
      ),
      keeps: tables.strings.bytes,
      async *pages(again) {
        try {
          yield* pages(await openArchive(again), size, reading, found);
        } catch (error) {
          throw brokenWorkbook(error);
        }
      },
    };
  });
}

function lastRowOf({ rows }: Candidate): number {
  return rows.at(-1)?.row ?? 0;
}

/** The same candidate where no merged cells join lines of headings. */
function withLines(candidate: Candidate, ranges: readonly MergedRange[], required: readonly Field[]): Candidate {
  if (candidate.lines !== undefined) return candidate;
  const lines = joinedHeadings(candidate.rows, ranges, required, candidate.headings);
  return lines === undefined ? candidate : { ...candidate, headings: lines.headings, lines };
}

function readingOf({ sheet, rows, headings, lines }: Candidate, tables: WorkbookTables): Reading {
  if (headings === undefined) throw new Error('the sheet has no headings');
  const headingRow = lines?.lastRow ?? rows[headings.at]?.row ?? 1;
  return { part: sheet.part, tables, headingRow, layout: headings.layout };
}

interface Reading {
  readonly part: string;
  readonly tables: WorkbookTables;
  readonly headingRow: number;
  readonly layout: Layout;
}

/** Merged ranges are listed after all rows. */
const NO_MERGES: Merges = { isBelow: () => false };

async function* pages(
  archive: Archive,
  bytes: number,
  { part, tables, headingRow, layout }: Reading,
  merges: Merges,
  onMerge?: (range: string) => void,
): AsyncGenerator<SheetRow[]> {
  const { width, columns } = layout;
  const fields = Object.values(columns);
  const full = openPages();
  const expansion = openExpansion(bytes, 'rowsOfWorkbook');
  for await (const rows of rawRows(archive.stream(part), tables, width, onMerge)) {
    for (const raw of rows) {
      // A formula without a result is not blank: a row that has only such formulas must not be skipped.
      const isEmpty = isBlank(raw.cells) && !raw.uncomputed.some((column) => fields.includes(column));
      if (raw.row <= headingRow || isEmpty || isExample(raw.cells, layout)) continue;
      const merged = fields.filter((column) => (raw.cells[column] ?? '') === '' && merges.isBelow(raw.row, column));
      const page = full.add({ ...sheetRow(raw, width), ...(merged.length > 0 && { merged }) });
      if (page === undefined) continue;
      expansion.add(page.weight);
      yield page.rows;
    }
  }
  const last = full.rest();
  if (last !== undefined) yield last;
}

function sheetRow({ row, cells, numericCells, uncomputed, hidden, beyond }: RawRow, width: number): SheetRow {
  while (cells.length < width) cells.push('');
  return {
    line: row,
    row,
    cells: cells.map(unguard),
    ...(numericCells.length === 0 ? {} : { numericCells }),
    ...(uncomputed.length === 0 ? {} : { uncomputed }),
    ...(hidden ? { hidden } : {}),
    ...(beyond === undefined ? {} : { beyond }),
  };
}

async function candidateOf(
  archive: Archive,
  sheet: SheetPart,
  tables: WorkbookTables,
  required: readonly Field[],
): Promise<Candidate> {
  const rows = await firstRows(archive, sheet, tables);
  const cells = rows.map((row) => row.cells);
  const characters = cells.flat().reduce((sum, cell) => sum + 1 + cell.length, 0);
  return { sheet, rows, characters, headings: findHeadings(cells, required) };
}

/** The first sheet that is usable and has a row, else the first usable sheet, else the first sheet with most of the headings. */
function isBetter(candidate: Candidate, best: Candidate): boolean {
  const rank = (it: Candidate): number => (isUsable(it.headings) ? (hasRow(it) ? 2 : 1) : 0);
  if (rank(candidate) !== rank(best)) return rank(candidate) > rank(best);
  return rank(candidate) === 0 && weight(candidate.headings) > weight(best.headings);
}

/** An empty template may stand before the sheet that was filled in. */
function hasRow({ headings, rows }: Candidate): boolean {
  if (!isUsable(headings)) return false;
  return rows.slice(headings.at + 1).some(({ cells }) => !isBlank(cells) && !isExample(cells, headings.layout));
}

/** Characters of the rows in which the headings of one sheet are looked for; a title has less than a hundredth of it. */
const HEAD_CHARACTERS = 1024 ** 2;

async function firstRows(archive: Archive, sheet: SheetPart, tables: WorkbookTables): Promise<readonly RawRow[]> {
  const first: RawRow[] = [];
  let characters = 0;
  for await (const rows of rawRows(archive.stream(sheet.part), tables, HEADING_COLUMNS)) {
    for (const row of rows) {
      first.push(row);
      for (const cell of row.cells) characters += cell.length;
      if (first.length === HEADING_ROWS || characters > HEAD_CHARACTERS) return first;
    }
  }
  return first;
}

// What is said of it.

/** `alike`: the sheets that have the headings; only the chosen one is read. */
function notesOf(sheets: readonly SheetPart[], chosen: SheetPart, alike: readonly SheetPart[]): readonly Words[] {
  return sheets.flatMap((sheet) => {
    if (sheet === chosen) return [];
    const name = shownName(sheet.name);
    if (sheet.isHidden) {
      return [{ en: `the hidden sheet "${name}" was passed over`, zh: `隐藏的工作表“${name}”未读取` }];
    }
    if (!alike.includes(sheet) && (sheet.name === COUNTS_SHEET.en || sheet.name === COUNTS_SHEET.zh)) return [];
    const read = shownName(chosen.name);
    return [
      alike.includes(sheet)
        ? {
            en: `the sheet "${name}" has such headings too and was not read: only "${read}" was`,
            zh: `工作表“${name}”也有同样的表头，但未读取：只读取了“${read}”`,
          }
        : {
            en: `the sheet "${name}" has no such headings and was passed over`,
            zh: `工作表“${name}”没有所需的表头，未读取`,
          },
    ];
  });
}

function noHeadings(best: Candidate | undefined, sheets: readonly SheetPart[], required: readonly Field[]): SheetError {
  if (best === undefined) {
    return new SheetError(
      sheets.length === 0
        ? { en: 'the workbook has no sheet', zh: '工作簿中没有工作表' }
        : {
            en: 'all sheets of the workbook are hidden; unhide the one to read',
            zh: '工作簿的所有工作表都被隐藏；请取消隐藏要读取的工作表',
          },
    );
  }
  const error = headingsError(
    best.headings,
    best.rows.map(({ cells }) => cells),
    required,
  );
  const unseen = namesListed(sheets.filter(({ isHidden }) => isHidden).map(({ name }) => name));
  const name = shownName(best.sheet.name);
  return new SheetError({
    en: `the sheet "${name}": ${error.words.en}${unseen && `; hidden, and so not looked at: ${unseen}`}`,
    zh: `工作表“${name}”：${error.words.zh}${unseen && `；被隐藏而未查看的工作表：${unseen}`}`,
  });
}

async function orBroken<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw brokenWorkbook(error);
  }
}

function brokenWorkbook(error: unknown): SheetError {
  if (error instanceof SheetError) return error;
  const failure = readFailure(error);
  if (failure !== undefined) return failure;
  return new SheetError(
    {
      en: 'the workbook is broken or was cut off; open it in Excel or WPS and save it again',
      zh: '工作簿已损坏或不完整；请用 Excel 或 WPS 打开后重新保存',
    },
    { cause: error },
  );
}
