/**
 * An empty sheet to fill in. Its headings are known to the reader, each with a note that the reader ignores; the row
 * below them is an example, which the reader ignores, too.
 */
import { COLUMNS, columnLetters, FIELDS, type Field } from '../domain/columns.js';
import { exampleCell } from '../domain/example-row.js';
import type { Language, Words } from '../domain/words.js';
import { csvLine } from './csv.js';
import { workbookFile } from './xlsx/workbook-file.js';
import type { WorksheetRow } from './xlsx/worksheet.js';

export interface TemplateOptions {
  readonly format: 'csv' | 'xlsx';
  readonly lang: Language;
}

const NAME: Words = { en: 'merchants', zh: '商户' };

/** Not one of ours: it is carried to the report, and `todo` lists what is in it. */
const CONTACT: Words = {
  en: 'contact (a person and phone number at the merchant, for the list of merchants to contact; may be blank)',
  zh: '联系人电话（商户的联系人，用于待联系商户清单；可留空）',
};
const CONTACT_EXAMPLE: Words = { en: 'Ms Li 13800000000', zh: '李经理 13800000000' };

export async function* template({ format, lang }: TemplateOptions): AsyncGenerator<string | Buffer> {
  const headings = [...FIELDS.map((field) => heading(field, lang)), CONTACT[lang]];
  const example = [...FIELDS.map((field) => exampleCell(field, lang)), CONTACT_EXAMPLE[lang]];
  if (format === 'csv') {
    // Without the mark, Excel in China reads UTF-8 as GBK.
    yield `\uFEFF${csvLine(headings)}${csvLine(example)}`;
    return;
  }
  async function* pages(): AsyncGenerator<readonly WorksheetRow[]> {
    const looks = Object.fromEntries(example.map((_, column) => [column, 'over' as const]));
    yield [{ cells: headings }, { cells: example, looks }];
  }
  yield* workbookFile([
    {
      name: NAME[lang],
      columns: headings.map(() => ({ heading: 'sheetHeading', body: 'text', width: 28 })),
      pages: pages(),
      hasFilter: false,
      choices: { column: columnLetters(FIELDS.indexOf('code_type')), list: ['1', '2', '3'] },
    },
  ]);
}

/** `code* (required, as text)` or `企业代码*（必填，文本格式）`. */
function heading(field: Field, lang: Language): string {
  const { aliases, required, note } = COLUMNS[field];
  const star = required === 'never' ? '' : '*';
  return lang === 'zh' ? `${aliases[0]}${star}（${note.zh}）` : `${field}${star} (${note.en})`;
}
