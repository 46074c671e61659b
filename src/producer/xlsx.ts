/**
 * Rows of a workbook. Own code over yauzl and sax: of the readers we tried, hucre 1.0 makes doubles of long numbers, and
 * read-excel-file 9 tells neither a number from a text nor a hidden sheet from a visible one, and holds all rows at once.
 */
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import type { SheetRow } from '../domain/check-row.js';
import type { Field, Layout } from '../domain/columns.js';
import { unguard } from '../domain/formula-guard.js';
import { isBlank, PAGE_ROWS } from './csv.js';
import { findHeadings, HEADING_ROWS, type Headings, headingsError, isUsable, weight } from './headings.js';
import { SheetError } from './sheet-error.js';
import { dateStyles, NO_DATES } from './xlsx-dates.js';
import { type Merges, mergesOf } from './xlsx-merges.js';
import { type RawRow, rawRows, sharedStrings, type WorkbookTables } from './xlsx-rows.js';
import { type Attributes, localName, readWholeXml } from './xml.js';
import { type Archive, openArchive } from './zip.js';

export interface Workbook {
  readonly headings: Headings;
  readonly headingLine: number;
  readonly notes: readonly string[];
  pages(file: FileHandle): AsyncIterable<SheetRow[]>;
}

/** Headings further right than this belong to something else. */
const HEADING_COLUMNS = 512;

interface Worksheet {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

interface Candidate {
  readonly sheet: Worksheet;
  readonly rows: readonly RawRow[];
  readonly headings: Headings | undefined;
}

export async function openWorkbook(file: FileHandle, required: readonly Field[]): Promise<Workbook> {
  return orBroken(async () => {
    const archive = await openArchive(file);
    const { sheets, tables } = await contents(archive);
    const candidates: Candidate[] = [];
    for (const sheet of sheets.filter(({ isHidden }) => !isHidden)) {
      const rows = await firstRows(archive, sheet, tables);
      candidates.push({
        sheet,
        rows,
        headings: findHeadings(
          rows.map(({ cells }) => cells),
          required,
        ),
      });
    }
    const chosen = candidates.find(({ headings }) => isUsable(headings));
    if (chosen === undefined || !isUsable(chosen.headings)) throw noHeadings(candidates, sheets, required);
    const { headings } = chosen;
    const merges = await mergesOf(await archive.stream(chosen.sheet.part));
    const headingRow = chosen.rows[headings.at]?.row ?? 1;
    return {
      headings,
      headingLine: headingRow,
      notes: notesOf(sheets, chosen, candidates),
      pages: (again) => pages(again, chosen.sheet, tables, merges, headingRow, headings.layout),
    };
  });
}

async function* pages(
  file: FileHandle,
  sheet: Worksheet,
  tables: WorkbookTables,
  merges: Merges,
  headingRow: number,
  { width, columns }: Layout,
): AsyncGenerator<SheetRow[]> {
  const fields = Object.values(columns);
  let page: SheetRow[] = [];
  try {
    const stream = await (await openArchive(file)).stream(sheet.part);
    for await (const rows of rawRows(stream, tables, width)) {
      for (const raw of rows) {
        // A formula without a result is no blank: a row of nothing else is not to be passed over.
        const isEmpty = isBlank(raw.cells) && !raw.uncomputed.some((column) => fields.includes(column));
        if (raw.row <= headingRow || isEmpty) continue;
        const merged = fields.filter((column) => (raw.cells[column] ?? '') === '' && merges.isBelow(raw.row, column));
        page.push({ ...sheetRow(raw, width), ...(merged.length > 0 && { merged }) });
        if (page.length < PAGE_ROWS) continue;
        yield page;
        page = [];
      }
    }
  } catch (error) {
    throw brokenWorkbook(error);
  }
  if (page.length > 0) yield page;
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

async function firstRows(archive: Archive, sheet: Worksheet, tables: WorkbookTables): Promise<readonly RawRow[]> {
  const first: RawRow[] = [];
  for await (const rows of rawRows(await archive.stream(sheet.part), tables, HEADING_COLUMNS)) {
    first.push(...rows.slice(0, HEADING_ROWS));
    if (first.length >= HEADING_ROWS) break;
  }
  return first;
}

// What a workbook consists of.

interface Contents {
  readonly sheets: readonly Worksheet[];
  readonly tables: WorkbookTables;
}

interface Relation {
  readonly id: string;
  /** The last word of its type's address: the rest has changed with the standard. */
  readonly type: string;
  readonly part: string;
}

async function contents(archive: Archive): Promise<Contents> {
  if (!archive.has('_rels/.rels')) throw notAWorkbook();
  const document = (await relations(archive, '_rels/.rels', '')).find(({ type }) => type === 'officeDocument')?.part;
  if (document === undefined || !document.endsWith('.xml') || !archive.has(document)) throw notAWorkbook();

  const listed: Attributes[] = [];
  let isWorkbook = false;
  let startsIn1904 = false;
  await readWholeXml(await archive.stream(document), {
    open: (name, attributes) => {
      if (name === 'workbook') isWorkbook = true;
      else if (name === 'workbookPr') startsIn1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '');
      else if (name === 'sheet') listed.push(attributes);
    },
  });
  if (!isWorkbook) throw notAWorkbook();

  const folder = posix.dirname(document);
  const related = await relations(archive, `${folder}/_rels/${posix.basename(document)}.rels`, folder);
  const sheets = listed.flatMap((attributes): Worksheet[] => {
    // `r:id` under whatever prefix; `sheetId` has none.
    const id = Object.entries(attributes).find(([key]) => key.includes(':') && localName(key) === 'id')?.[1];
    const relation = related.find((one) => one.id === id && one.type === 'worksheet');
    if (relation === undefined) return [];
    const isHidden = attributes.state === 'hidden' || attributes.state === 'veryHidden';
    return [{ name: attributes.name ?? '', part: relation.part, isHidden }];
  });
  const strings = related.find(({ type }) => type === 'sharedStrings')?.part;
  const styles = related.find(({ type }) => type === 'styles')?.part;
  return {
    sheets,
    tables: {
      strings: strings === undefined ? [] : await sharedStrings(await archive.stream(strings)),
      dates: styles === undefined ? NO_DATES : await dateStyles(await archive.stream(styles), startsIn1904),
    },
  };
}

async function relations(archive: Archive, part: string, folder: string): Promise<readonly Relation[]> {
  const found: Relation[] = [];
  await readWholeXml(await archive.stream(part), {
    open: (name, { Id = '', Type = '', Target = '' }) => {
      if (name !== 'Relationship') return;
      const target = Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target);
      found.push({ id: Id, type: Type.slice(Type.lastIndexOf('/') + 1), part: target });
    },
  });
  return found;
}

// What is said of it.

function notesOf(sheets: readonly Worksheet[], chosen: Candidate, candidates: readonly Candidate[]): readonly string[] {
  return sheets.flatMap((sheet) => {
    if (sheet === chosen.sheet) return [];
    if (sheet.isHidden) return [`the hidden sheet "${sheet.name}" was passed over`];
    const alike = candidates.some((candidate) => candidate.sheet === sheet && isUsable(candidate.headings));
    return [
      alike
        ? `the sheet "${sheet.name}" has such headings too and was not read: only "${chosen.sheet.name}" was`
        : `the sheet "${sheet.name}" has no such headings and was passed over`,
    ];
  });
}

function noHeadings(
  candidates: readonly Candidate[],
  sheets: readonly Worksheet[],
  required: readonly Field[],
): SheetError {
  const [first, ...others] = candidates;
  if (first === undefined) {
    return new SheetError(
      sheets.length === 0
        ? { en: 'the workbook has no sheet', zh: '工作簿中没有工作表' }
        : {
            en: 'all sheets of the workbook are hidden; unhide the one to read',
            zh: '工作簿的所有工作表都被隐藏；请取消隐藏要读取的工作表',
          },
    );
  }
  const best = others.reduce((a, b) => (weight(b.headings) > weight(a.headings) ? b : a), first);
  const error = headingsError(
    best.headings,
    best.rows.map(({ cells }) => cells),
    required,
  );
  const hidden = sheets.filter(({ isHidden }) => isHidden).map(({ name }) => `"${name}"`);
  const unseen = hidden.join(', ');
  return new SheetError({
    en: `the sheet "${best.sheet.name}": ${error.words.en}${unseen && `; hidden, and so not looked at: ${unseen}`}`,
    zh: `工作表“${best.sheet.name}”：${error.words.zh}${unseen && `；被隐藏而未查看的工作表：${unseen}`}`,
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
