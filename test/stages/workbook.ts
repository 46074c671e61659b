/** Workbooks as Excel, WPS and export programs write them, as far as a reader can tell. */
import { columnLetters } from '../../src/domain/columns.js';
import { type ZipPart, zipOf } from '../support/zip-writer.js';

export type CellSpec =
  | string
  | null
  /** As it stands in the file, so that no digit is ours. */
  | { readonly number: string; readonly style?: number }
  | { readonly formula: string; readonly cached: string; readonly isNumber?: boolean };

export interface SheetSpec {
  readonly name: string;
  readonly rows: readonly (readonly CellSpec[])[];
  readonly state?: 'hidden' | 'veryHidden';
  readonly merged?: readonly string[];
}

export interface WorkbookOptions {
  /** Excel and WPS share their strings, many export programs write them into the cells. */
  readonly inline?: boolean;
  /** Some programs write `<x:row>`. */
  readonly prefix?: string;
  readonly deflate?: boolean;
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships';

/** Style 1 is a date, style 2 is text. */
const STYLES = `<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="176"/><xf numFmtId="49"/></cellXfs></styleSheet>`;

export function workbookParts(sheets: readonly SheetSpec[], options: WorkbookOptions = {}): readonly ZipPart[] {
  const strings: string[] = [];
  const bodies = sheets.map((sheet) => worksheet(sheet, strings, options));
  const list = sheets.map(
    ({ name, state }, at) =>
      `<sheet name="${escaped(name)}" sheetId="${at + 1}" ${state ? `state="${state}" ` : ''}r:id="rId${at + 1}"/>`,
  );
  const parts = [
    { name: '_rels/.rels', content: relations([['rId1', 'officeDocument', 'xl/workbook.xml']]) },
    {
      name: 'xl/workbook.xml',
      content: `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${list.join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: relations([
        ...sheets.map((_, at) => [`rId${at + 1}`, 'worksheet', `worksheets/sheet${at + 1}.xml`] as const),
        ['rIdStrings', 'sharedStrings', '/xl/sharedStrings.xml'],
        ['rIdStyles', 'styles', 'styles.xml'],
      ]),
    },
    { name: 'xl/styles.xml', content: STYLES },
    {
      name: 'xl/sharedStrings.xml',
      content: `<sst xmlns="${MAIN}">${strings.map((text) => `<si>${runs(text)}</si>`).join('')}</sst>`,
    },
    ...bodies.map((content, at) => ({ name: `xl/worksheets/sheet${at + 1}.xml`, content })),
  ];
  return parts.map(({ name, content }) => ({
    name,
    content: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n${content}`,
    deflate: options.deflate ?? false,
  }));
}

export function workbook(sheets: readonly SheetSpec[], options: WorkbookOptions = {}): Buffer {
  return zipOf(workbookParts(sheets, options));
}

function worksheet(
  { rows, merged = [] }: SheetSpec,
  strings: string[],
  { inline, prefix = '' }: WorkbookOptions,
): string {
  const tag = (name: string) => (prefix === '' ? name : `${prefix}:${name}`);
  const cell = (spec: CellSpec, reference: string): string => {
    if (spec === null) return `<${tag('c')} r="${reference}" s="2"/>`;
    const open = (attributes: string, content: string) =>
      `<${tag('c')} r="${reference}"${attributes}>${content}</${tag('c')}>`;
    const value = (text: string) => `<${tag('v')}>${escaped(text)}</${tag('v')}>`;
    if (typeof spec === 'string') {
      if (inline) {
        const text = `<${tag('t')} xml:space="preserve">${escaped(spec)}</${tag('t')}>`;
        return open(' t="inlineStr"', `<${tag('is')}>${text}</${tag('is')}>`);
      }
      strings.push(spec);
      return open(' s="2" t="s"', value(String(strings.length - 1)));
    }
    if ('number' in spec) return open(spec.style === undefined ? '' : ` s="${spec.style}"`, value(spec.number));
    const formula = `<${tag('f')}>${escaped(spec.formula)}</${tag('f')}>`;
    return open(spec.isNumber ? '' : ' t="str"', formula + value(spec.cached));
  };
  const body = rows.map((specs, at) => {
    if (specs.length === 0) return '';
    const cells = specs.map((spec, column) => cell(spec, `${columnLetters(column)}${at + 1}`));
    return `<${tag('row')} r="${at + 1}">${cells.join('')}</${tag('row')}>`;
  });
  const merges = merged.map((range) => `<${tag('mergeCell')} ref="${range}"/>`);
  const namespace = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
  return [
    `<${tag('worksheet')} ${namespace}="${MAIN}">`,
    `<${tag('sheetData')}>${body.join('')}</${tag('sheetData')}>`,
    merges.length === 0 ? '' : `<${tag('mergeCells')}>${merges.join('')}</${tag('mergeCells')}>`,
    `</${tag('worksheet')}>`,
  ].join('');
}

/** The first character in bold, and a pinyin guide above it that belongs to no text. */
function runs(text: string): string {
  const [first = '', ...rest] = [...text];
  if (!/^\p{Script=Han}/u.test(text)) return `<t xml:space="preserve">${escaped(text)}</t>`;
  return `<r><rPr><b/></rPr><t>${first}</t></r><r><t xml:space="preserve">${escaped(rest.join(''))}</t></r><rPh sb="0" eb="1"><t>pinyin</t></rPh>`;
}

function relations(all: readonly (readonly [id: string, type: string, target: string])[]): string {
  const each = all.map(
    ([id, type, target]) => `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${RELATIONS}">${each.join('')}</Relationships>`;
}

/** What XML cannot hold, or turns into something else. */
const UNWRITABLE = /[\ufffe\uffff]|(?![\t\n])\p{Cc}/gu;

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/_x[0-9A-Fa-f]{4}_/g, (literal) => `_x005F${literal}`)
    .replace(UNWRITABLE, (character) => `_x${character.charCodeAt(0).toString(16).padStart(4, '0')}_`);
}
