/** Sheets as the ZIP file that a workbook is, piece by piece: a million rows in flat memory. */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { columnLetters } from '../../domain/columns.js';
import { OutputError } from '../file.js';
import { MAIN, STYLES, XML } from './styles.js';
import { type Worksheet, worksheetXml } from './worksheet.js';

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

interface Part {
  readonly name: string;
  pieces(): Iterable<string> | AsyncIterable<string>;
}

/** The sheets are written one after the other: a later sheet may count the rows of an earlier one. */
export function workbookFile(sheets: readonly Worksheet[]): AsyncGenerator<Buffer> {
  const rows = sheets.map(() => 1);
  return zipped([
    { name: '[Content_Types].xml', pieces: () => [contentTypes(sheets.length)] },
    {
      name: '_rels/.rels',
      pieces: () => [relationships([['rId1', 'officeDocument', 'xl/workbook.xml']])],
    },
    { name: 'xl/styles.xml', pieces: () => [STYLES] },
    ...sheets.map((sheet, at) => ({
      name: `xl/worksheets/sheet${at + 1}.xml`,
      pieces: () =>
        worksheetXml(sheet, (count) => {
          rows[at] = count;
        }),
    })),
    {
      name: 'xl/_rels/workbook.xml.rels',
      pieces: () => [
        relationships([
          ...sheets.map((_, at) => [`rId${at + 1}`, 'worksheet', `worksheets/sheet${at + 1}.xml`] as const),
          ['rIdStyles', 'styles', 'styles.xml'],
        ]),
      ],
    },
    // After the sheets, because it has to know their rows.
    { name: 'xl/workbook.xml', pieces: () => [workbookXml(sheets, rows)] },
  ]);
}

function contentTypes(sheets: number): string {
  const parts = Array.from(
    { length: sheets },
    (_, at) => `<Override PartName="/xl/worksheets/sheet${at + 1}.xml" ContentType="${SPREADSHEET}.worksheet+xml"/>`,
  );
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/>${parts.join('')}<Override PartName="/xl/styles.xml" ContentType="${SPREADSHEET}.styles+xml"/></Types>`;
}

function relationships(list: readonly (readonly [id: string, type: string, target: string])[]): string {
  const items = list.map(
    ([id, type, target]) => `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${items.join('')}</Relationships>`;
}

function workbookXml(sheets: readonly Worksheet[], rows: readonly number[]): string {
  const list = sheets.map(({ name }, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`);
  // Excel looks a filter up under this name.
  const filters = sheets.flatMap(({ name, columns, hasFilter }, at) =>
    hasFilter
      ? `<definedName name="_xlnm._FilterDatabase" localSheetId="${at}" hidden="1">'${name}'!$A$1:$${columnLetters(Math.max(columns.length, 1) - 1)}$${rows[at]}</definedName>`
      : [],
  );
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><bookViews><workbookView activeTab="0"/></bookViews><sheets>${list.join('')}</sheets>${
    filters.length === 0 ? '' : `<definedNames>${filters.join('')}</definedNames>`
  }</workbook>`;
}

/** More is only in the later form of ZIP, which not every reader of workbooks knows. */
const LARGEST = 0xffff_ffff;

/** The same report is the same file, byte for byte. */
const FILE = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true, mode: 0o100600 };

async function* zipped(parts: readonly Part[]): AsyncGenerator<Buffer> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  let present: Readable | undefined;
  let written = 0;
  async function* counted({ pieces }: Part): AsyncGenerator<string> {
    let size = 0;
    for await (const piece of pieces()) {
      size += Buffer.byteLength(piece);
      if (size > LARGEST || written > LARGEST) throw tooLarge();
      yield piece;
    }
  }
  zip.on('error', (error: Error) => output.destroy(error));
  for (const part of parts) {
    zip.addReadStreamLazy(part.name, FILE, (ready) => {
      present = Readable.from(counted(part));
      present.once('error', (error) => zip.emit('error', error));
      ready(null, present);
    });
  }
  zip.end();
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      written += chunk.length;
      yield chunk;
    }
  } finally {
    present?.destroy();
  }
}

function tooLarge(): OutputError {
  return new OutputError({
    en: 'The workbook grows beyond 4 GB, more than its format holds. Write it as CSV.',
    zh: '工作簿超过 4 GB，超出其格式上限。请另存为 CSV。',
  });
}
