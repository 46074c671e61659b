/** An empty sheet to fill in. Its headings are those that the reader knows, each with a note that the reader ignores. */
import { COLUMNS, columnLetters, FIELDS, type Field } from '../domain/columns.js';
import type { Language } from '../domain/words.js';
import { csvLine } from './csv.js';
import { escaped, MAIN, workbookOf, XML } from './workbook.js';

export interface TemplateOptions {
  readonly format: 'csv' | 'xlsx';
  readonly lang: Language;
}

export async function* template({ format, lang }: TemplateOptions): AsyncGenerator<string | Buffer> {
  const headings = FIELDS.map((field) => heading(field, lang));
  // Without the mark, Excel in China reads UTF-8 as GBK.
  if (format === 'csv') yield `\uFEFF${csvLine(headings)}`;
  else yield* workbookOf('merchants', STYLES, [worksheet(headings)]);
}

/** `code* (required, as text)` or `企业代码*（必填，文本格式）`. */
function heading(field: Field, lang: Language): string {
  const { aliases, required, note } = COLUMNS[field];
  const star = required === 'never' ? '' : '*';
  return lang === 'zh' ? `${aliases[0]}${star}（${note.zh}）` : `${field}${star} (${note.en})`;
}

/** Number format 49 is Text: what is typed into such a column stays as it was typed. */
const STYLES = `${XML}<styleSheet xmlns="${MAIN}"><fonts count="2"><font/><font><b/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1" applyAlignment="1"><alignment wrapText="1" vertical="top"/></xf></cellXfs></styleSheet>`;

function worksheet(headings: readonly string[]): string {
  const cells = headings.map(
    (text, column) => `<c r="${columnLetters(column)}1" s="2" t="inlineStr"><is><t>${escaped(text)}</t></is></c>`,
  );
  const codeType = columnLetters(FIELDS.indexOf('code_type'));
  return [
    `${XML}<worksheet xmlns="${MAIN}">`,
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>',
    `<cols><col min="1" max="${headings.length}" width="28" style="1" customWidth="1"/></cols>`,
    `<sheetData><row r="1">${cells.join('')}</row></sheetData>`,
    `<dataValidations count="1"><dataValidation type="list" allowBlank="1" sqref="${codeType}2:${codeType}1048576"><formula1>"1,2,3"</formula1></dataValidation></dataValidations>`,
    '</worksheet>',
  ].join('');
}
