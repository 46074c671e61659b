/** Reads a sheet as an office saved it, in a thread of its own (`sheet.ts`): its headings found, its rows in pages. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Field } from '../../domain/columns.js';
import { hasExample } from '../../domain/example-row.js';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import type { SheetRow } from '../../domain/sheet-row.js';
import type { Words } from '../../domain/words.js';
import { csvPages } from './csv.js';
import { DELIMITERS, type Delimiter, firstLineEnd, firstRecords } from './csv-records.js';
import { brokenLine, candidates, decodes, type Encoding, headText, NO_CHARACTER, type Scan, scan } from './encoding.js';
import { growthAllowed } from './expansion.js';
import {
  findHeadings,
  HEADING_ROWS,
  type Headings,
  headingsError,
  isUsable,
  refuseTooManyHeadings,
  weight,
} from './headings.js';
import { CHANGED_WHILE_READ, readFailure, SheetError, tooMuch } from './sheet-error.js';
import type { SheetFacts } from './sheet-facts.js';
import { refuseForeign } from './signatures.js';
import { openWorkbook } from './xlsx.js';
import { isZip } from './zip.js';

export interface ReadSheet {
  readonly facts: SheetFacts;
  /** Bytes that it keeps in memory for its rows. */
  readonly keeps: number;
  /** Each call begins again at the first row. */
  rows(): AsyncIterable<SheetRow[]>;
}

/** A sheet of a million merchants has a sixth of it. A sparse file takes no room on the disk, and minutes to read. */
const MOST_BYTES = SHEET_LIMITS.unpacked.most * 1024 ** 2;
const THE_FILE: Words = { en: 'the file is', zh: '文件' };

/** Throws a SheetError, in one line, where there is no sheet of merchants in the file. */
export async function readSheet(path: string, required: readonly Field[]): Promise<ReadSheet> {
  return withFile(path, async (file) => {
    const before = await file.stat();
    if (before.size > MOST_BYTES) throw tooMuch('unpacked', THE_FILE);
    const scanned = await scan(file);
    if (scanned.bytes === 0)
      throw new SheetError({
        en: 'the file is empty; save the sheet again, and use the new file',
        zh: '文件是空的；请重新保存表格，再使用新文件',
      });
    await refuseForeign(file, scanned.head);
    const opening = { path, file, before, scanned };
    return isZip(scanned.head) ? workbook(opening, required) : csv(opening, required);
  });
}

interface Opening {
  readonly path: string;
  readonly file: FileHandle;
  /** Before a byte of it was read. */
  readonly before: SheetStamp;
  readonly scanned: Scan;
}

/** Size and time of the file when it was opened: if either is another one now, the file was written to. */
interface SheetStamp {
  readonly size: number;
  readonly mtimeMs: number;
}

async function csv({ path, file, before, scanned }: Opening, required: readonly Field[]): Promise<ReadSheet> {
  const { encoding, delimiter, headings, rows } = await readable(file, scanned, required);
  refuseTooManyHeadings(rows[headings.at]);
  const format = {
    encoding,
    delimiter,
    lineEnd: firstLineEnd(headText(scanned, encoding)),
    hasCarriageReturns: scanned.hasCarriageReturns,
    hasQuotationMarks: scanned.quotationMarks > 0,
    bytes: scanned.bytes,
  };
  const read = (from: FileHandle) => csvPages(from, format, headings.at + 1, headings.layout);
  // Every reason to refuse a file is found before one of its rows is loaded.
  if (mayHaveFaults(scanned, encoding, headings)) for await (const _ of read(file));
  return {
    facts: {
      kind: 'csv',
      encoding,
      delimiter,
      digest: scanned.digest,
      bytes: scanned.bytes,
      headings: headings.cells,
      layout: headings.layout,
      headingLine: 1 + linesOf(rows.slice(0, headings.at)),
      hasExample: hasExample(rows.slice(headings.at + 1), headings.layout),
      notes: [],
    },
    keeps: 0,
    rows: () => unchanged(path, before, read),
  };
}

/** Most files cannot have such a fault, so they are not read twice. */
function mayHaveFaults(
  { quotationMarks, longestLine, lines, bytes }: Scan,
  encoding: Encoding,
  { cells }: Headings,
): boolean {
  // If no line has more bytes than this, no cell and no row is too long, and no row has too many cells.
  const hasLongLine = longestLine >= SHEET_LIMITS.cells.most;
  const mayGrow = bytes + lines * cells.length > growthAllowed(bytes, 'rowsOfCsv');
  return quotationMarks > 0 || hasLongLine || mayGrow || encoding.startsWith('utf-16');
}

interface Reading {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  readonly rows: readonly (readonly string[])[];
  readonly headings: Headings | undefined;
}

/** The first encoding in which the whole file is text and its headings make sense. */
async function readable(
  file: FileHandle,
  scanned: Scan,
  required: readonly Field[],
): Promise<Reading & { headings: Headings }> {
  let closest: Reading | undefined;
  for (const encoding of candidates(scanned)) {
    const reading = bestReading(scanned, encoding, required);
    if (closest !== undefined && weight(reading.headings) <= weight(closest.headings)) continue;
    if (!(await decodes(file, scanned, encoding))) continue;
    const { headings } = reading;
    if (isUsable(headings)) return { ...reading, headings };
    closest = reading;
  }
  if (closest === undefined) throw await noText(file, scanned, required);
  throw headingsError(closest.headings, closest.rows, required);
}

const NAMES: Readonly<Record<Encoding, string>> = {
  'utf-8': 'UTF-8',
  gb18030: 'GB18030',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16',
};

/** A file of ten thousand rows may have one broken character in the encoding in which its headings make sense. */
async function noText(file: FileHandle, scanned: Scan, required: readonly Field[]): Promise<SheetError> {
  let last: { readonly encoding: Encoding; readonly line: number } | undefined;
  for (const encoding of new Set<Encoding>([...candidates(scanned), 'utf-8'])) {
    if (!isUsable(bestReading(scanned, encoding, required).headings)) continue;
    const line = await brokenLine(file, encoding);
    if (last === undefined || line > last.line) last = { encoding, line };
  }
  if (last === undefined) {
    return new SheetError({
      en: 'the text is not UTF-8, GB18030 or UTF-16; save the file as "CSV UTF-8" or XLSX',
      zh: '文件编码不是 UTF-8、GB18030 或 UTF-16；请另存为“CSV UTF-8”或 XLSX',
    });
  }
  const { encoding, line } = last;
  return new SheetError({
    en: `line ${line} has bytes that are no character in ${NAMES[encoding]}, the encoding of the lines above; correct that line, and save the file as "CSV UTF-8" or XLSX`,
    zh: `第 ${line} 行有不属于 ${NAMES[encoding]} 编码的字节，而其上各行均为该编码；请修正该行，并另存为“CSV UTF-8”或 XLSX`,
  });
}

/** Uses the delimiter that finds most of the headings. */
function bestReading(scanned: Scan, encoding: Encoding, required: readonly Field[]): Reading {
  const text = headText(scanned, encoding);
  const isWhole = scanned.bytes === scanned.head.length;
  const readings = DELIMITERS.map((delimiter): Reading => {
    const rows = firstRows(text, isWhole, delimiter);
    return { encoding, delimiter, rows, headings: findHeadings(rows, required) };
  });
  return readings.reduce((best, reading) => {
    if (isUsable(best.headings) !== isUsable(reading.headings)) return isUsable(best.headings) ? best : reading;
    return weight(reading.headings) > weight(best.headings) ? reading : best;
  });
}

/** If this much text has no complete record, only its beginning is shown. */
function firstRows(text: string, isWhole: boolean, delimiter: Delimiter): readonly string[][] {
  const records = firstRecords(text, isWhole, delimiter, HEADING_ROWS);
  return records.length > 0 ? records : [[text.slice(0, SHOWN_OF_TEXT)]];
}

const SHOWN_OF_TEXT = 100;

function linesOf(rows: readonly (readonly string[])[]): number {
  return rows.reduce((lines, row) => lines + 1 + (row.join('').match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}

async function workbook({ path, file, before, scanned }: Opening, required: readonly Field[]): Promise<ReadSheet> {
  const { headings, headingLine, notes, keeps, pages, ...facts } = await openWorkbook(file, required);
  return {
    facts: {
      kind: 'xlsx',
      encoding: 'utf-8',
      digest: scanned.digest,
      bytes: scanned.bytes,
      headings: headings.cells,
      layout: headings.layout,
      headingLine,
      hasExample: facts.hasExample,
      notes,
    },
    keeps,
    rows: () => unchanged(path, before, pages),
  };
}

/** The batch's id comes from the digest of these bytes: rows of changed bytes would be loaded into the wrong batch. */
async function* unchanged(
  path: string,
  before: SheetStamp,
  read: (file: FileHandle) => AsyncIterable<SheetRow[]>,
): AsyncGenerator<SheetRow[]> {
  const file = await opened(path);
  const refuseChanged = async (cause?: unknown): Promise<void> => {
    const now = await file.stat();
    if (now.size === before.size && now.mtimeMs === before.mtimeMs) return;
    throw new SheetError(CHANGED_WHILE_READ, { cause });
  };
  try {
    await refuseChanged();
    yield* read(file);
    // The file may have been written to meanwhile; half old and half new, it may even be unreadable.
    await refuseChanged();
  } catch (error) {
    await refuseChanged(error);
    throw readFailure(error) ?? error;
  } finally {
    await file.close();
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await opened(path);
  try {
    return await use(file);
  } catch (error) {
    throw readFailure(error) ?? error;
  } finally {
    await file.close();
  }
}

const CANNOT_OPEN: Readonly<Record<string, Words>> = {
  ENOENT: { en: 'there is no such file', zh: '文件不存在' },
  ENOTDIR: { en: 'a part of its path is a file, not a folder', zh: '路径中有一部分是文件而不是文件夹' },
  EACCES: { en: 'the file may not be read: its permissions forbid it', zh: '没有读取该文件的权限' },
  ELOOP: { en: 'this is a link that leads back to itself', zh: '这是指向自身的循环链接' },
  ENAMETOOLONG: { en: 'the name of the file is too long', zh: '文件名过长' },
};

/** Node replaces such bytes in what is typed, and then finds no such file. */
const NAME_NOT_UTF8: Words = {
  en: 'there is no such file, or its name has bytes that are not UTF-8, as names in a Chinese ZIP archive of Windows have; rename the file',
  zh: '文件不存在，或文件名不是 UTF-8 编码（例如 Windows 中文压缩包解压所得）；请重命名文件',
};

async function opened(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe would wait for a writer.
    const kind = await stat(path);
    if (kind.isDirectory())
      throw new SheetError({ en: 'this is a folder; name the files in it', zh: '这是文件夹；请指定其中的文件' });
    if (!kind.isFile()) {
      throw new SheetError({
        en: 'this is a pipe or a device, and a sheet is read twice; save it as a file first',
        zh: '这是管道或设备，而表格需读取两遍；请先保存为文件',
      });
    }
    return await open(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' && path.includes(NO_CHARACTER) ? NAME_NOT_UTF8 : CANNOT_OPEN[code];
    if (why === undefined) throw error;
    throw new SheetError(why, { cause: error });
  }
}
