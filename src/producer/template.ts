/** An empty sheet to fill in. Its headings are those that the reader knows, each with a note that the reader ignores. */
import { COLUMNS, columnLetters, FIELDS, type Field } from '../domain/columns.js';
import type { Language } from '../domain/words.js';
import { type ZipPart, zipOf } from './zip-writer.js';

export interface TemplateOptions {
  readonly format: 'csv' | 'xlsx';
  readonly lang: Language;
}

export function template({ format, lang }: TemplateOptions): Buffer {
  const headings = FIELDS.map((field) => heading(field, lang));
  return format === 'csv' ? csvTemplate(headings) : zipOf(workbookParts(headings));
}

/** `code* (required, as text)` or `企业代码*（必填，文本格式）`. */
function heading(field: Field, lang: Language): string {
  const { aliases, required, note } = COLUMNS[field];
  const star = required === 'never' ? '' : '*';
  return lang === 'zh' ? `${aliases[0]}${star}（${note.zh}）` : `${field}${star} (${note.en})`;
}

/** Without the mark, Excel in China reads UTF-8 as GBK. */
function csvTemplate(headings: readonly string[]): Buffer {
  return Buffer.from(`\ufeff${headings.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')}\r\n`);
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Number format 49 is Text: what is typed into such a column stays as it was typed. */
const STYLES = `<styleSheet xmlns="${MAIN}"><fonts count="2"><font/><font><b/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1" applyAlignment="1"><alignment wrapText="1" vertical="top"/></xf></cellXfs></styleSheet>`;

function workbookParts(headings: readonly string[]): readonly ZipPart[] {
  return [
    {
      name: '[Content_Types].xml',
      content: `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/></Types>`,
    },
    { name: '_rels/.rels', content: relationships([['officeDocument', 'xl/workbook.xml']]) },
    {
      name: 'xl/workbook.xml',
      content: `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="merchants" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: relationships([
        ['worksheet', 'worksheets/sheet1.xml'],
        ['styles', 'styles.xml'],
      ]),
    },
    { name: 'xl/styles.xml', content: STYLES },
    { name: 'xl/worksheets/sheet1.xml', content: worksheet(headings) },
  ].map(({ name, content }) => ({ name, content: DECLARATION + content }));
}

function relationships(targets: readonly (readonly [type: string, target: string])[]): string {
  const each = targets.map(
    ([type, target], index) => `<Relationship Id="rId${index + 1}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${PACKAGE}/relationships">${each.join('')}</Relationships>`;
}

function worksheet(headings: readonly string[]): string {
  const cells = headings.map(
    (text, column) => `<c r="${columnLetters(column)}1" s="2" t="inlineStr"><is><t>${escaped(text)}</t></is></c>`,
  );
  const codeType = columnLetters(FIELDS.indexOf('code_type'));
  return [
    `<worksheet xmlns="${MAIN}">`,
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>',
    `<cols><col min="1" max="${headings.length}" width="28" style="1" customWidth="1"/></cols>`,
    `<sheetData><row r="1">${cells.join('')}</row></sheetData>`,
    `<dataValidations count="1"><dataValidation type="list" allowBlank="1" sqref="${codeType}2:${codeType}1048576"><formula1>"1,2,3"</formula1></dataValidation></dataValidations>`,
    '</worksheet>',
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
