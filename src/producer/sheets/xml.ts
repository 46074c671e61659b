/**
 * The few things of XML that a workbook's parts need: elements by their local names, one after the other. sax reads them;
 * what it holds is bounded here. A document type, with which entities could be declared, is refused: no program writes one
 * into a workbook.
 */
import sax, { type SAXOptions, type SAXParser } from 'sax';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { utf8Text } from './encoding.js';
import { IN_WORKBOOK, SheetError, tooMuch } from './sheet-error.js';

export type Attributes = Readonly<Record<string, string>>;

export interface ElementHandlers {
  readonly open?: (name: string, attributes: Attributes) => void;
  /** Text as it stands, in one piece or several. */
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

/** Characters that are read in one go: 200 cells at most, each of which may name a shared text of 32,767 characters. */
const SLICE = 4 * 1024;
const DEPTH = SHEET_LIMITS.depth.most;
const TAG = SHEET_LIMITS.tag.most;
const ATTRIBUTES = SHEET_LIMITS.attributes.most;

/** Yields after each slice of the text, so that the caller can take what the handlers have gathered. */
export async function* readXmlSlices(pieces: AsyncIterable<Buffer>, handlers: ElementHandlers): AsyncGenerator<void> {
  const reader = openReader(handlers);
  for await (const text of utf8Text(pieces)) {
    for (let at = 0; at < text.length; at += SLICE) {
      reader.write(text.slice(at, at + SLICE));
      yield;
    }
  }
  reader.end();
  yield;
}

export async function readWholeXml(pieces: AsyncIterable<Buffer>, handlers: ElementHandlers): Promise<void> {
  for await (const _ of readXmlSlices(pieces, handlers));
}

// Positions cost a fifth of the time and are never shown. `strictEntities`: the entities of XML, not those of HTML.
const OPTIONS = { position: false, strictEntities: true } as SAXOptions;

function openReader({ open, text, close }: ElementHandlers) {
  const parser = sax.parser(true, OPTIONS);
  let depth = 0;
  let attributes = 0;
  let hasRoot = false;
  /** Characters since the last complete token: sax keeps all of them in memory. */
  let unfinished = 0;
  let isUnfinished = true;

  const onText = (words: string): void => {
    isUnfinished = false;
    if (depth > 0) text?.(words);
  };
  parser.ontext = onText;
  parser.oncdata = onText;
  parser.onopentagstart = () => {
    attributes = 0;
  };
  parser.onattribute = () => {
    attributes += 1;
    if (attributes > ATTRIBUTES) throw tooMuch('attributes', IN_WORKBOOK);
  };
  parser.onopentag = ({ name, attributes: all }) => {
    isUnfinished = false;
    if (depth === 0 && hasRoot) throw new Error('there is a second root');
    hasRoot = true;
    depth += 1;
    if (depth > DEPTH) throw tooMuch('depth', IN_WORKBOOK);
    // Without the option for namespaces, each attribute is a text.
    open?.(localName(name), all as Attributes);
  };
  parser.onclosetag = (name) => {
    isUnfinished = false;
    depth -= 1;
    close?.(localName(name));
  };
  parser.ondoctype = refuseDocumentType;
  parser.onsgmldeclaration = refuseDeclaration;
  parser.onerror = (error) => {
    throw error;
  };

  return {
    write(slice: string): void {
      isUnfinished = true;
      // Without `flush`, a text is held until it ends.
      parser.write(slice).flush();
      unfinished = isUnfinished ? unfinished + slice.length : 0;
      if (unfinished > TAG) throw tooMuch('tag', IN_WORKBOOK);
      if (declarationOf(parser).length > LONGEST_DECLARATION.length) refuseDeclaration();
    },
    end(): void {
      parser.close();
      if (!hasRoot) throw new Error('there is no element');
    },
  };
}

const LONGEST_DECLARATION = '[CDATA[';

/**
 * The beginning of `<!…` that sax does not know yet. sax looks through all of it for each further character: 262,144 of them
 * take ten minutes.
 */
function declarationOf(parser: SAXParser): string {
  return (parser as SAXParser & { readonly sgmlDecl: string }).sgmlDecl;
}

function refuseDeclaration(): never {
  throw new Error('a declaration is unknown');
}

function refuseDocumentType(): never {
  throw new SheetError({
    en: 'the workbook declares an XML document type, which no spreadsheet program does; open it in Excel or WPS and save it again',
    zh: '工作簿中含 XML 文档类型声明（DOCTYPE），表格软件不会写入此类内容；请用 Excel 或 WPS 打开后重新保存',
  });
}

/** `r:id` under whatever prefix. */
export function prefixed(attributes: Attributes, local: string): string | undefined {
  return Object.entries(attributes).find(([name]) => name.includes(':') && localName(name) === local)?.[1];
}

/** Some programs write `<x:row>` for `<row>`, and `relationships:id` for `r:id`. */
function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
