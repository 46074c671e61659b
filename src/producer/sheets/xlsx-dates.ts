/**
 * Which numbers of a workbook are shown as dates or times, or with zeros in front: a column that is carried to the report must be
 * readable there, too.
 */
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { IN_WORKBOOK, tooMuch } from './sheet-error.js';
import { readWholeXml } from './xml.js';

export interface DateStyles {
  /** ISO 8601 without a zone, if a number of this style is a date or a time of the day; else undefined. */
  dateOf(number: string, style: number): string | undefined;
  /** `000123` and `0592-1234567`, if a whole number of this style is shown so; else undefined. */
  withZeros(number: string, style: number): string | undefined;
}

export const NO_DATES: DateStyles = { dateOf: () => undefined, withZeros: () => undefined };

/** Built-in formats of dates: ECMA-376, 18.8.30, including the East Asian formats. */
const BUILT_IN: readonly (readonly [from: number, to: number])[] = [
  [14, 17],
  [22, 22],
  [27, 31],
  [36, 36],
  [50, 54],
  [57, 58],
];

/** Built-in formats of times without a date; 45 to 47 are durations. */
const BUILT_IN_TIMES: ReadonlySet<number> = new Set([18, 19, 20, 21, 32, 33, 34, 35, 55, 56]);

type Kind = 'date' | 'time' | undefined;

interface NumberFormat {
  readonly kind: Kind;
  /** `000000` or `0000-0000000`: a digit for each zero. */
  readonly zeros?: string | undefined;
}

/** The 31st of December 9999. */
const LAST_DAY = 2_958_465;
const DAY_MS = 86_400_000;

export async function dateStyles(pieces: AsyncIterable<Buffer>, startsIn1904: boolean): Promise<DateStyles> {
  const custom = new Map<number, NumberFormat>();
  const styles: NumberFormat[] = [];
  let inCellStyles = false;
  await readWholeXml(pieces, {
    open: (name, attributes) => {
      if (name === 'cellXfs') inCellStyles = true;
      else if (name === 'numFmt') {
        refuseTooMany(custom.size);
        custom.set(Number(attributes.numFmtId), formatOf(attributes.formatCode ?? ''));
      } else if (name === 'xf' && inCellStyles) {
        refuseTooMany(styles.length);
        const format = Number(attributes.numFmtId);
        styles.push(custom.get(format) ?? { kind: kindOfBuiltIn(format) });
      }
    },
    close: (name) => {
      if (name === 'cellXfs') inCellStyles = false;
    },
  });
  return {
    dateOf: (number, style) => {
      const kind = styles[style]?.kind;
      if (kind === 'date') return isoDate(Number(number), startsIn1904);
      return kind === 'time' ? timeOfDay(Number(number)) : undefined;
    },
    withZeros: (number, style) => zerosBefore(number, styles[style]?.zeros),
  };
}

function refuseTooMany(soFar: number): void {
  if (soFar === SHEET_LIMITS.styles.most) throw tooMuch('styles', IN_WORKBOOK);
}

function kindOfBuiltIn(format: number): Kind {
  if (BUILT_IN_TIMES.has(format)) return 'time';
  return BUILT_IN.some(([from, to]) => format >= from && format <= to) ? 'date' : undefined;
}

/** Excel's own limit. */
const LONGEST_FORMAT = 255;

/** Brackets mark durations, e.g. `[h]:mm`, which are not converted. */
function kindOfFormat(code: string): Kind {
  if (code.length > LONGEST_FORMAT) return undefined;
  const letters = code.replace(/"[^"]*"|\\.|\[[^\]]*\]|_./g, '');
  if (/[yd]/i.test(letters)) return 'date';
  return /h/i.test(letters) ? 'time' : undefined;
}

function formatOf(code: string): NumberFormat {
  const kind = kindOfFormat(code);
  return { kind, zeros: kind === undefined ? zerosOf(code) : undefined };
}

/** The zeros that the format of a shop's number, a postal code or a telephone number consists of. */
function zerosOf(code: string): string | undefined {
  if (code.length > LONGEST_FORMAT) return undefined;
  const [positive = ''] = code.split(';');
  // Further brackets are conditions, or turn digits into Chinese ones.
  const digits = positive
    .replace(/^\[\$-[0-9A-F]+\]/i, '')
    .replace(/"-"|\\-/g, '-')
    .replace(/_./g, '');
  return /^0(?:-?0)+$/.test(digits.trim()) ? digits.trim() : undefined;
}

/** The digits of a number that programs have for certain. */
const WHOLE = /^[0-9]{1,15}$/;

function zerosBefore(number: string, zeros: string | undefined): string | undefined {
  if (zeros === undefined || !WHOLE.test(number)) return undefined;
  const places = zeros.replaceAll('-', '').length;
  const digits = number.padStart(places, '0');
  // What is more than the places stands before the first of them.
  let at = digits.length - places;
  return digits.slice(0, at) + zeros.replace(/0/g, () => digits[at++] ?? '');
}

/** Of the part of a day; `09:00`, or `09:00:30` where it has seconds. */
function timeOfDay(part: number): string | undefined {
  if (!(part >= 0 && part < 1)) return undefined;
  const text = new Date(Math.round((part * DAY_MS) / 1000) * 1000).toISOString().slice(11, 19);
  return text.endsWith(':00') ? text.slice(0, 5) : text;
}

function isoDate(serial: number, startsIn1904: boolean): string | undefined {
  if (!(serial >= 1 && serial <= LAST_DAY)) return undefined;
  const epoch = startsIn1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  const text = new Date(Math.round((epoch + serial * DAY_MS) / 1000) * 1000).toISOString();
  return Number.isInteger(serial) ? text.slice(0, 10) : text.slice(0, 19);
}
