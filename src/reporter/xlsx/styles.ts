/** How the cells of our workbooks look. Every cell of text has the number format Text: no code or phone can lose a digit. */

interface Look {
  readonly fill?: string;
  readonly bold?: true;
  readonly wrap?: true;
  /** One of Excel's own; absent: text. */
  readonly number?: 'count' | 'share';
}

/** `sheet…`: columns as they came; `own…`: ours. */
export const LOOKS = {
  text: {},
  bold: { bold: true },
  sheetHeading: { bold: true, wrap: true, fill: 'FBE5B8' },
  sheet: { fill: 'FFFBF0' },
  ownHeading: { bold: true, wrap: true, fill: 'C9DDF2' },
  own: { fill: 'F1F6FC' },
  ownWrapped: { fill: 'F1F6FC', wrap: true },
  done: { fill: 'C6EFCE' },
  failed: { fill: 'FFC7CE' },
  late: { fill: 'FCD5B4' },
  unclear: { fill: 'FFEB9C' },
  waiting: { fill: 'DDEBF7' },
  over: { fill: 'E2E2E2' },
  wrapped: { wrap: true },
  count: { number: 'count' },
  share: { number: 'share' },
} as const satisfies Record<string, Look>;

export type Style = keyof typeof LOOKS;

const NAMES = Object.keys(LOOKS) as readonly Style[];

/** The place of each among the formats of `styles.xml`. */
export const STYLE_NUMBERS = Object.fromEntries(NAMES.map((name, at) => [name, at])) as Readonly<Record<Style, number>>;

export const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
export const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';

/** Excel's numbers of its own formats. */
const FORMATS = { text: 49, count: 3, share: 10 } as const;

const FILLS = [...new Set(NAMES.flatMap((name) => fillOf(name) ?? []))];
/** The first two are Excel's own. */
const OWN_FILLS = 2;

function fillOf(name: Style): string | undefined {
  const look: Look = LOOKS[name];
  return look.fill;
}

function format(name: Style): string {
  const { fill, bold, wrap, number }: Look = LOOKS[name];
  const fillNumber = fill === undefined ? 0 : OWN_FILLS + FILLS.indexOf(fill);
  return (
    `<xf numFmtId="${FORMATS[number ?? 'text']}" fontId="${bold ? 1 : 0}" fillId="${fillNumber}" borderId="${fill === undefined ? 0 : 1}" xfId="0"` +
    ' applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">' +
    `<alignment vertical="top"${wrap ? ' wrapText="1"' : ''}/></xf>`
  );
}

const SIDES = ['left', 'right', 'top', 'bottom'].map(
  (side) => `<${side} style="thin"><color rgb="FFD0D0D0"/></${side}>`,
);

/** The first format is Normal, so that it holds for the cells that are still blank, too. */
export const STYLES = [
  `${XML}<styleSheet xmlns="${MAIN}">`,
  '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>',
  `<fills count="${OWN_FILLS + FILLS.length}"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>`,
  ...FILLS.map(
    (color) =>
      `<fill><patternFill patternType="solid"><fgColor rgb="FF${color}"/><bgColor indexed="64"/></patternFill></fill>`,
  ),
  '</fills>',
  `<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border>${SIDES.join('')}<diagonal/></border></borders>`,
  `<cellStyleXfs count="1"><xf numFmtId="${FORMATS.text}" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>`,
  `<cellXfs count="${NAMES.length}">${NAMES.map(format).join('')}</cellXfs>`,
  '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
].join('');
