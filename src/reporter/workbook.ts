/**
 * The report as an Excel workbook in which everything is text: no code or phone can lose a digit, also not where somebody
 * types into it. Own code, for it is a stream of one sheet with one style: a million rows in flat memory.
 */
import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';
import type { Batch } from '../domain/batch.js';
import { columnLetters } from '../domain/columns.js';
import { guard } from '../domain/formula-guard.js';
import type { Batches } from '../redis/ledger/batches.js';
import { OutputError } from './file.js';
import { type ReportOptions, reportRows } from './report.js';
import { shapeOf } from './shape.js';

/** Excel's own limit, the heading row among them. */
const ROWS_OF_A_SHEET = 1_048_576;
const COLUMNS_OF_A_SHEET = 16_384;
/** With more, Excel calls the workbook damaged and "repairs" it, by cutting. */
const CHARACTERS_OF_A_CELL = 32_767;

/** @throws OutputError where there is more than a sheet can have */
export function reportWorkbook(
  batches: Batches,
  wanted: readonly Batch[],
  options: ReportOptions,
): AsyncGenerator<Buffer> {
  const shape = shapeOf(wanted);
  async function* rows(): AsyncGenerator<readonly (readonly string[])[]> {
    let count = 1;
    yield [shape.headings];
    for (const batch of wanted) {
      for await (const page of reportRows(batches, batch, options)) {
        count += page.length;
        if (count > ROWS_OF_A_SHEET) {
          throw new OutputError({
            en: `A workbook has room for ${ROWS_OF_A_SHEET} rows, and these are more. Write it as CSV.`,
            zh: `工作簿最多 ${ROWS_OF_A_SHEET} 行，内容超出。请另存为 CSV。`,
          });
        }
        if (page.length > 0) yield page.map((row) => shape.cellsOf(batch, row));
      }
    }
  }
  return workbook(rows(), shape.headings.length);
}

/** The cells of `rows`, guarded, as the only sheet; the first row stays in sight. */
export function workbook(rows: AsyncIterable<readonly (readonly string[])[]>, width: number): AsyncGenerator<Buffer> {
  return workbookOf('report', STYLES, sheet(rows, width));
}

/** A workbook with one sheet: `styles` and `pieces` are its parts as they stand in the file. */
export function workbookOf(name: string, styles: string, pieces: Part['pieces']): AsyncGenerator<Buffer> {
  return zip([
    { name: '[Content_Types].xml', pieces: [CONTENT_TYPES] },
    { name: '_rels/.rels', pieces: [RELATIONS] },
    {
      name: 'xl/workbook.xml',
      pieces: [
        `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="${name}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      ],
    },
    { name: 'xl/_rels/workbook.xml.rels', pieces: [WORKBOOK_RELATIONS] },
    { name: 'xl/styles.xml', pieces: [styles] },
    { name: 'xl/worksheets/sheet1.xml', pieces },
  ]);
}

// --- the sheet --------------------------------------------------------------------------------------------------------

export const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
export const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const CONTENT_TYPES = `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${SPREADSHEET}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${SPREADSHEET}.styles+xml"/></Types>`;
const RELATIONS = `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;
const WORKBOOK_RELATIONS = `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`;
/** The one style is text (49), so that it holds for every cell, those that are still blank too. */
const STYLES = `${XML}<styleSheet xmlns="${MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="49" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="1"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;

async function* sheet(rows: AsyncIterable<readonly (readonly string[])[]>, width: number): AsyncGenerator<string> {
  if (width > COLUMNS_OF_A_SHEET) {
    throw new OutputError({
      en: `A workbook has room for ${COLUMNS_OF_A_SHEET} columns, and these are ${width}. Write it as CSV.`,
      zh: `工作簿最多 ${COLUMNS_OF_A_SHEET} 列，现有 ${width} 列。请另存为 CSV。`,
    });
  }
  yield `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="${Math.max(width, 1)}" width="20" customWidth="1"/></cols><sheetData>`;
  const letters: string[] = [];
  let number = 0;
  for await (const page of rows) {
    let text = '';
    for (const cells of page) {
      number += 1;
      text += `<row r="${number}">`;
      for (let column = 0; column < cells.length; column += 1) {
        const cell = cells[column] ?? '';
        if (cell === '') continue;
        letters[column] ??= columnLetters(column);
        const place = `${letters[column]}${number}`;
        const guarded = guard(cell);
        if (guarded.length > CHARACTERS_OF_A_CELL) throw tooLong(place, guarded.length);
        text += `<c r="${place}" t="inlineStr"><is>${textElement(guarded)}</is></c>`;
      }
      text += '</row>';
    }
    yield text;
  }
  yield '</sheetData></worksheet>';
}

function tooLong(place: string, length: number): OutputError {
  return new OutputError({
    en: `${place} would have ${length} characters, and a cell of a workbook has room for ${CHARACTERS_OF_A_CELL}. Write it as CSV.`,
    zh: `${place} 将有 ${length} 个字符，工作簿的单元格最多 ${CHARACTERS_OF_A_CELL} 个。请另存为 CSV。`,
  });
}

function textElement(text: string): string {
  const space = /^\s|\s$/.test(text) ? ' xml:space="preserve"' : '';
  return `<t${space}>${escaped(text)}</t>`;
}

/** What XML cannot hold, and what looks like an escape of it, is written as `_x000D_`, as Excel does. */
export function escaped(text: string): string {
  if (!/[&<>_\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return text;
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, hexEscape)
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? character);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function hexEscape(character: string): string {
  return `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;
}

// --- the ZIP around it ------------------------------------------------------------------------------------------------

interface Part {
  readonly name: string;
  readonly pieces: Iterable<string> | AsyncIterable<string>;
}

interface Written {
  readonly name: Buffer;
  readonly offset: number;
  readonly crc: number;
  readonly size: number;
  readonly packed: number;
}

const LARGEST = 0xffff_ffff;
/** 1980-01-01: the same report is the same file, byte for byte. */
const DOS_DATE = 0x21;
/** Sizes follow the data (bit 3); names are UTF-8 (bit 11). */
const FLAGS = 0x0808;
const VERSION = 20;
const DEFLATED = 8;

async function* zip(parts: readonly Part[]): AsyncGenerator<Buffer> {
  const directory: Written[] = [];
  let offset = 0;
  for (const part of parts) {
    const name = Buffer.from(part.name);
    const header = localHeader(name);
    yield header;
    const sums = { crc: 0, size: 0 };
    let packed = 0;
    for await (const chunk of deflated(part.pieces, sums)) {
      packed += chunk.length;
      yield chunk;
    }
    yield sizes(0x08074b50, sums.crc, packed, sums.size);
    directory.push({ name, offset, packed, ...sums });
    offset += header.length + packed + 16;
    if (offset > LARGEST || sums.size > LARGEST) {
      throw new OutputError({
        en: 'The workbook grows beyond 4 GB, more than its format holds. Write it as CSV.',
        zh: '工作簿超过 4 GB，超出其格式上限。请另存为 CSV。',
      });
    }
  }
  const entries = Buffer.concat(directory.map(directoryEntry));
  yield entries;
  yield endOfDirectory(directory.length, entries.length, offset);
}

async function* deflated(pieces: Part['pieces'], sums: { crc: number; size: number }): AsyncGenerator<Buffer> {
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      const buffer = Buffer.from(piece);
      sums.crc = crc32(buffer, sums.crc);
      sums.size += buffer.length;
      yield buffer;
    }
  }
  const deflate = createDeflateRaw();
  // What goes wrong in the source is thrown by the loop below.
  pipeline(Readable.from(bytes()), deflate, () => {});
  yield* deflate as AsyncIterable<Buffer>;
}

function localHeader(name: Buffer): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DEFLATED, 8);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function sizes(signature: number, crc: number, packed: number, size: number): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt32LE(signature, 0);
  record.writeUInt32LE(crc, 4);
  record.writeUInt32LE(packed, 8);
  record.writeUInt32LE(size, 12);
  return record;
}

function directoryEntry({ name, offset, crc, size, packed }: Written): Buffer {
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(VERSION, 4);
  entry.writeUInt16LE(VERSION, 6);
  entry.writeUInt16LE(FLAGS, 8);
  entry.writeUInt16LE(DEFLATED, 10);
  entry.writeUInt16LE(DOS_DATE, 14);
  entry.writeUInt32LE(crc, 16);
  entry.writeUInt32LE(packed, 20);
  entry.writeUInt32LE(size, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt32LE(offset, 42);
  return Buffer.concat([entry, name]);
}

function endOfDirectory(count: number, length: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(length, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
