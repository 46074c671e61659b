/**
 * Rows of a workbook. Own code over yauzl: of the readers we tried, hucre 1.0 makes doubles of long numbers, and
 * read-excel-file 9 does not distinguish a number from a text or a hidden sheet from a visible one, and holds all rows at once.
 */
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
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
import { IN_WORKBOOK, SheetError, tooMuch } from './sheet-error.js';
import { dateStyles, NO_DATES } from './xlsx-dates.js';
import { type Merges, openMerges } from './xlsx-merges.js';
import { type RawRow, rawRows, type WorkbookTables } from './xlsx-rows.js';
import { NO_STRINGS, sharedStrings } from './xlsx-strings.js';
import { prefixed, readWholeXml } from './xml.js';
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

interface Worksheet {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

interface Candidate {
  readonly sheet: Worksheet;
  readonly rows: readonly RawRow[];
  /** Of these rows, and one for each cell. */
  readonly characters: number;
  readonly headings: Headings | undefined;
}

/** Reads the workbook to its end: every reason to refuse it is found before one of its rows is loaded. */
export async function openWorkbook(file: FileHandle, required: readonly Field[]): Promise<Workbook> {
  return orBroken(async () => {
    const archive = await openArchive(file);
    const { sheets, tables } = await contents(archive);
    const alike: Worksheet[] = [];
    const empty: Worksheet[] = [];
    let best: Candidate | undefined;
    let characters = 0;
    for (const sheet of sheets.filter(({ isHidden }) => !isHidden)) {
      const candidate = await candidateOf(archive, sheet, tables, required);
      characters += candidate.characters;
      if (characters > SHEET_LIMITS.head.most) throw tooMuch('head', IN_WORKBOOK);
      if (isUsable(candidate.headings)) alike.push(sheet);
      if (candidate.rows.every(({ cells }) => isBlank(cells))) empty.push(sheet);
      if (best === undefined || isBetter(candidate, best)) best = candidate;
    }
    const { headings } = best ?? {};
    if (best === undefined || !isUsable(headings)) throw noHeadings(best, sheets, required);
    const headingRow = best.rows[headings.at]?.row ?? 1;
    const reading = { part: best.sheet.part, tables, headingRow, layout: headings.layout };
    const merges = openMerges(Object.values(headings.layout.columns));
    const { size } = await file.stat();
    for await (const _ of pages(archive, size, reading, NO_MERGES, merges.add));
    const found = merges.merges();
    return {
      headings,
      headingLine: headingRow,
      hasExample: hasExample(
        best.rows.map(({ cells }) => cells),
        headings.layout,
      ),
      notes: notesOf(
        sheets.filter((sheet) => !empty.includes(sheet)),
        best.sheet,
        alike,
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
  sheet: Worksheet,
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

async function firstRows(archive: Archive, sheet: Worksheet, tables: WorkbookTables): Promise<readonly RawRow[]> {
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

// What a workbook consists of.

interface Contents {
  readonly sheets: readonly Worksheet[];
  readonly tables: WorkbookTables;
}

interface PartRelation {
  readonly id: string;
  /** The last word of its type's URI: the rest differs between versions of the standard. */
  readonly type: string;
  readonly part: string;
}

async function contents(archive: Archive): Promise<Contents> {
  if (!archive.has('_rels/.rels')) throw notAWorkbook();
  const document = (await relations(archive, '_rels/.rels', '')).find(({ type }) => type === 'officeDocument')?.part;
  if (document === undefined || !document.endsWith('.xml') || !archive.has(document)) throw notAWorkbook();

  const listed: Omit<Worksheet & { id: string }, 'part'>[] = [];
  let isWorkbook = false;
  let startsIn1904 = false;
  await readWholeXml(archive.stream(document), {
    open: (name, attributes) => {
      if (name === 'workbook') isWorkbook = true;
      else if (name === 'workbookPr') startsIn1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '');
      else if (name === 'sheet') {
        if (listed.length === SHEET_LIMITS.sheets.most) throw tooMuch('sheets', IN_WORKBOOK);
        const state = attributes.state;
        listed.push({
          name: attributes.name ?? '',
          // `sheetId` has no prefix.
          id: prefixed(attributes, 'id') ?? '',
          isHidden: state === 'hidden' || state === 'veryHidden',
        });
      }
    },
  });
  if (!isWorkbook) throw notAWorkbook();

  const folder = posix.dirname(document);
  const related = await relations(archive, `${folder}/_rels/${posix.basename(document)}.rels`, folder);
  const parts = new Map(related.flatMap(({ id, type, part }) => (type === 'worksheet' ? [[id, part] as const] : [])));
  const sheets = listed.flatMap(({ name, id, isHidden }): Worksheet[] => {
    const part = parts.get(id);
    return part === undefined ? [] : [{ name, part, isHidden }];
  });
  const strings = related.find(({ type }) => type === 'sharedStrings')?.part;
  const styles = related.find(({ type }) => type === 'styles')?.part;
  return {
    sheets,
    tables: {
      strings: strings === undefined ? NO_STRINGS : await sharedStrings(archive.stream(strings)),
      dates: styles === undefined ? NO_DATES : await dateStyles(archive.stream(styles), startsIn1904),
    },
  };
}

async function relations(archive: Archive, part: string, folder: string): Promise<readonly PartRelation[]> {
  const found: PartRelation[] = [];
  await readWholeXml(archive.stream(part), {
    open: (name, attributes) => {
      if (name !== 'Relationship') return;
      if (found.length === SHEET_LIMITS.parts.most) throw tooMuch('parts', IN_WORKBOOK);
      const [type, target] = [attributes.Type ?? '', attributes.Target ?? ''];
      found.push({
        id: attributes.Id ?? '',
        type: type.slice(type.lastIndexOf('/') + 1),
        part: target.startsWith('/') ? target.slice(1) : posix.join(folder, target),
      });
    },
  });
  return found;
}

// What is said of it.

/** `alike`: the sheets that have the headings; only the chosen one is read. */
function notesOf(sheets: readonly Worksheet[], chosen: Worksheet, alike: readonly Worksheet[]): readonly Words[] {
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

function noHeadings(best: Candidate | undefined, sheets: readonly Worksheet[], required: readonly Field[]): SheetError {
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

function notAWorkbook(): SheetError {
  return new SheetError({
    en: 'this is a ZIP archive, but no Excel workbook (.xlsx); save the sheet as "CSV UTF-8" or XLSX',
    zh: '这是 ZIP 压缩包，不是 Excel 工作簿（.xlsx）；请另存为“CSV UTF-8”或 XLSX',
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
  return new SheetError(
    {
      en: 'the workbook is broken or was cut off; open it in Excel or WPS and save it again',
      zh: '工作簿已损坏或不完整；请用 Excel 或 WPS 打开后重新保存',
    },
    { cause: error },
  );
}
