/** How much of a file is read at most. A sheet of merchants stays far below; a hostile file is refused there. */
import type { Words } from './words.js';

export interface SheetLimit {
  readonly most: number;
  /** The words behind `more than 32,767 `. */
  readonly what: Words;
  readonly next: Words;
}

const SAVE_ALONE: Words = {
  en: 'save the sheet of merchants alone as a new file',
  zh: '请将商户表单独另存为新文件',
};
const SAVE_AGAIN: Words = {
  en: 'open it in Excel or WPS, copy the values into a new workbook, and save that',
  zh: '请用 Excel 或 WPS 打开，将数值复制到新工作簿后保存',
};
const DIVIDE: Words = {
  en: 'divide it into several files, or save it as "CSV UTF-8"',
  zh: '请拆分为多个文件，或另存为“CSV UTF-8”',
};

// biome-ignore format: one line, one limit
export const SHEET_LIMITS = {
  // 32,767, 16,384 and 1,048,576 are Excel's own.
  cell: { most: 32_767, what: { en: 'characters in a cell', zh: '个字符（单元格上限）' }, next: { en: 'shorten that cell', zh: '请缩短该单元格' } },
  row: { most: 1_048_576, what: { en: 'characters in a row', zh: '个字符（单行上限）' }, next: { en: 'look for a quotation mark or a line end that is missing there', zh: '请检查该处是否缺少引号或换行' } },
  cells: { most: 16_384, what: { en: 'cells in a row', zh: '个单元格（单行上限）' }, next: { en: 'delete the cells that no heading stands above', zh: '请删除没有表头的单元格' } },
  headings: { most: 512, what: { en: 'headings', zh: '个表头' }, next: { en: 'delete the columns that are not needed', zh: '请删除不需要的列' } },
  unpacked: { most: 1024, what: { en: 'MB large', zh: 'MB' }, next: DIVIDE },
  expansion: { most: 250, what: { en: 'times as large as the file', zh: '倍文件大小' }, next: SAVE_AGAIN },
  filling: { most: 20, what: { en: 'times as large as the file', zh: '倍文件大小' }, next: { en: 'delete the columns that are not needed', zh: '请删除不需要的列' } },
  parts: { most: 10_000, what: { en: 'parts in its ZIP archive', zh: '个部分（ZIP 压缩包）' }, next: SAVE_ALONE },
  head: { most: 2_097_152, what: { en: 'characters in the first 50 rows of its sheets', zh: '个字符（各工作表前 50 行）' }, next: SAVE_ALONE },
  sheets: { most: 256, what: { en: 'sheets', zh: '个工作表' }, next: SAVE_ALONE },
  depth: { most: 64, what: { en: 'levels of XML', zh: '层 XML' }, next: SAVE_AGAIN },
  tag: { most: 262_144, what: { en: 'characters in one XML tag', zh: '个字符（一个 XML 标签）' }, next: SAVE_AGAIN },
  attributes: { most: 256, what: { en: 'attributes in one XML tag', zh: '个属性（一个 XML 标签）' }, next: SAVE_AGAIN },
  strings: { most: 5_000_000, what: { en: 'different texts', zh: '个不同的文本' }, next: DIVIDE },
  stringBytes: { most: 96, what: { en: 'MB of different texts', zh: 'MB 不同的文本' }, next: DIVIDE },
  merges: { most: 100_000, what: { en: 'merged ranges', zh: '个合并区域' }, next: { en: 'unmerge the cells and fill in each of them', zh: '请取消合并单元格并逐行填写' } },
  styles: { most: 65_536, what: { en: 'cell formats', zh: '个单元格格式' }, next: SAVE_AGAIN },
} as const satisfies Record<string, SheetLimit>;

export type SheetLimitName = keyof typeof SHEET_LIMITS;

/** A small file may grow beyond `expansion` and `filling` up to this: it does no harm. */
export const HARMLESS = { bytesUnpacked: 4 * 1024 ** 2, charactersOfRows: 2 * 1024 ** 2 } as const;

/** A reader may be busy for so long without reading a further piece; this is looked at four times a second. */
export const STANDSTILL_MS = 4_000;
