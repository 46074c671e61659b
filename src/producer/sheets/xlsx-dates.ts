/**
 * Which numbers of a workbook are shown as dates: a column that is carried to the report must be readable there, too.
 */
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { IN_WORKBOOK, tooMuch } from './sheet-error.js';
import { readWholeXml } from './xml.js';

export interface DateStyles {
  /** ISO 8601 without a zone, where a number of this style is a date. */
  dateOf(number: string, style: number): string | undefined;
}

export const NO_DATES: DateStyles = { dateOf: () => undefined };

/** ECMA-376, 18.8.30, with the East Asian ones. */
const BUILT_IN: readonly (readonly [from: number, to: number])[] = [
  [14, 17],
  [22, 22],
  [27, 31],
  [36, 36],
  [50, 54],
  [57, 58],
];

/** The 31st of December 9999. */
const LAST_DAY = 2_958_465;
const DAY_MS = 86_400_000;

export async function dateStyles(pieces: AsyncIterable<Buffer>, startsIn1904: boolean): Promise<DateStyles> {
  const custom = new Map<number, boolean>();
  const styles: boolean[] = [];
  let inCellStyles = false;
  await readWholeXml(pieces, {
    open: (name, attributes) => {
      if (name === 'cellXfs') inCellStyles = true;
      else if (name === 'numFmt') {
        refuseTooMany(custom.size);
        custom.set(Number(attributes.numFmtId), isDateFormat(attributes.formatCode ?? ''));
      } else if (name === 'xf' && inCellStyles) {
        refuseTooMany(styles.length);
        const format = Number(attributes.numFmtId);
        styles.push(custom.get(format) ?? isBuiltIn(format));
      }
    },
    close: (name) => {
      if (name === 'cellXfs') inCellStyles = false;
    },
  });
  return { dateOf: (number, style) => (styles[style] === true ? isoDate(Number(number), startsIn1904) : undefined) };
}

function refuseTooMany(soFar: number): void {
  if (soFar === SHEET_LIMITS.styles.most) throw tooMuch('styles', IN_WORKBOOK);
}

function isBuiltIn(format: number): boolean {
  return BUILT_IN.some(([from, to]) => format >= from && format <= to);
}

/** Excel's own limit. */
const LONGEST_FORMAT = 255;

/** Times without a day are left as they are: no column of a merchant has such a value. */
function isDateFormat(code: string): boolean {
  return code.length <= LONGEST_FORMAT && /[yd]/i.test(code.replace(/"[^"]*"|\\.|\[[^\]]*\]|_./g, ''));
}

function isoDate(serial: number, startsIn1904: boolean): string | undefined {
  if (!(serial >= 1 && serial <= LAST_DAY)) return undefined;
  const epoch = startsIn1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  const text = new Date(Math.round((epoch + serial * DAY_MS) / 1000) * 1000).toISOString();
  return Number.isInteger(serial) ? text.slice(0, 10) : text.slice(0, 19);
}
