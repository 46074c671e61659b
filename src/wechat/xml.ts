/**
 * The XML of WeChat's pushes: fields that hold text, and a few that hold fields. There are two readers. The first reads
 * what WeChat really sends, ten times faster than a general parser, and repairs one mistake, a field whose closing tag
 * is missing or lost its slash (the published sample has it). Anything unusual goes to the second, a general parser,
 * which decides whether it is XML at all.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

export interface XmlElement {
  readonly name: string;
  /** CDATA as it stands, other text with its entities decoded; spaces and line ends around it are dropped. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export type XmlReading =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly detail: string };

/** A push has some 700 characters; its body is limited to 1 MiB. */
const MAX_CHARS = 256 * 1024;
/** A push has three. */
const MAX_DEPTH = 16;

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const CDATA = '<![CDATA[';
const EXCLAMATION_MARK = 33;
const SLASH = 47;

/** `textFields`: names of fields that hold text only; where one of them lacks its end, the next tag ends it. */
export function readXml(xml: string, textFields: ReadonlySet<string>): XmlReading {
  if (xml.length > MAX_CHARS) return unreadable(`it has ${xml.length} characters; ${MAX_CHARS} are allowed`);
  const text = xml.includes('\r') ? xml.replace(/\r\n?/g, '\n') : xml;
  const root = readPlain(text, textFields);
  return root === undefined ? readGeneral(text) : { ok: true, root };
}

interface Growing {
  readonly name: string;
  text: string;
  readonly children: Growing[];
}

/**
 * The first reader; undefined if the text is unusual. A repaired reading can never replace a correct one: well-formed
 * XML has as many closing tags as opening ones, and then the repair does not come out even.
 */
export function readPlain(xml: string, textFields: ReadonlySet<string>): XmlElement | undefined {
  let at = afterProlog(xml);
  let root: Growing | undefined;
  const open: Growing[] = [];

  while (true) {
    const tag = xml.indexOf('<', at);
    const top = open[open.length - 1];
    if (tag !== at) {
      const text = xml.slice(at, tag < 0 ? undefined : tag);
      if (top !== undefined) top.text += decodeEntities(text);
      else if (!isBlank(text)) return undefined;
    }
    if (tag < 0) return top === undefined ? root : undefined;

    const mark = xml.charCodeAt(tag + 1);
    if (mark === EXCLAMATION_MARK) {
      const end = xml.startsWith(CDATA, tag) ? xml.indexOf(']]>', tag + CDATA.length) : -1;
      if (top === undefined || end < 0) return undefined;
      top.text += xml.slice(tag + CDATA.length, end);
      at = end + 3;
      continue;
    }

    const end = xml.indexOf('>', tag);
    if (end < 0) return undefined;
    at = end + 1;
    if (mark === SLASH) {
      const name = xml.slice(tag + 2, end).trimEnd();
      if (top !== undefined && top.name !== name && textFields.has(top.name)) close(open);
      if (open[open.length - 1]?.name !== name || !close(open)) return undefined;
      continue;
    }

    const isEmpty = xml.charCodeAt(end - 1) === SLASH;
    const name = xml.slice(tag + 1, isEmpty ? end - 1 : end).trimEnd();
    if (!textFields.has(name) && !NAME.test(name)) return undefined;
    if (top !== undefined && textFields.has(top.name)) {
      close(open);
      if (top.name === name && !isEmpty) continue;
    }
    const parent = open[open.length - 1];
    if (parent === undefined ? root !== undefined : !isBlank(parent.text)) return undefined;
    const element: Growing = { name, text: '', children: [] };
    if (parent === undefined) root = element;
    else parent.children.push(element);
    if (!isEmpty && open.push(element) > MAX_DEPTH) return undefined;
  }
}

/** False where text and fields are mixed. */
function close(open: Growing[]): boolean {
  const element = open.pop();
  if (element === undefined) return false;
  element.text = trimmed(element.text);
  return element.text === '' || element.children.length === 0;
}

function afterProlog(xml: string): number {
  const start = xml.startsWith('\ufeff') ? 1 : 0;
  if (!xml.startsWith('<?xml ', start)) return start;
  const end = xml.indexOf('?>', start);
  return end < 0 ? start : end + 2;
}

// Entities are left to `decodeEntities`, so that nothing can be declared and expanded.
const GENERAL = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
  // It does not count the outermost element.
  maxNestedTags: MAX_DEPTH - 1,
});

/** The second reader. */
export function readGeneral(xml: string): XmlReading {
  if (declaresSomething(xml)) return unreadable('it declares a document type or entities, which no push does');
  const verdict = XMLValidator.validate(xml);
  if (verdict !== true) return unreadable(`it is not XML (${verdict.err.code} in line ${verdict.err.line})`);
  try {
    const roots = elementsOf(GENERAL.parse(xml));
    const [root] = roots;
    return root !== undefined && roots.length === 1
      ? { ok: true, root }
      : unreadable('it has more than one outermost element');
  } catch {
    // The parser's own words repeat what it read, and that may be a person's data.
    return unreadable(`it is nested deeper than ${MAX_DEPTH} or uses a reserved name`);
  }
}

/** A `<!` that begins neither CDATA nor a comment. */
function declaresSomething(xml: string): boolean {
  let at = xml.indexOf('<!');
  while (at >= 0) {
    const end = xml.startsWith(CDATA, at) ? ']]>' : xml.startsWith('<!--', at) ? '-->' : undefined;
    if (end === undefined) return true;
    const closing = xml.indexOf(end, at + 4);
    if (closing < 0) return false;
    at = xml.indexOf('<!', closing);
  }
  return false;
}

/** A node of the general parser with `preserveOrder`: one key; its value is text or the nodes inside. */
type GeneralNode = Readonly<Record<string, string | readonly GeneralNode[]>>;

function elementsOf(nodes: readonly GeneralNode[]): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const [name, content] of nodes.flatMap((node) => Object.entries(node))) {
    if (name.startsWith('#') || typeof content === 'string') continue;
    elements.push({ name, text: trimmed(textOf(content)), children: elementsOf(content) });
  }
  return elements;
}

function textOf(nodes: readonly GeneralNode[]): string {
  return nodes
    .map((node) => {
      const text = node['#text'];
      const cdata = node['#cdata'];
      if (typeof text === 'string') return decodeEntities(text);
      return Array.isArray(cdata) ? cdata.map((part: GeneralNode) => part['#text'] ?? '').join('') : '';
    })
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The five that need no declaration, and characters by number. A stray `&` stays what it is. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (verbatim, name, digits, hex) => {
    if (name !== undefined) return ENTITIES[name] ?? verbatim;
    const code = digits === undefined ? Number.parseInt(hex, 16) : Number(digits);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : verbatim;
  });
}

/** XML's own white space only: an ideographic space can be part of a name. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string): boolean {
  return trimmed(text) === '';
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13;
}

function unreadable(detail: string): XmlReading {
  return { ok: false, detail };
}
