/**
 * The few things of XML that a workbook's parts need: elements by their local names, one after the other. A reader of our
 * own, as sax holds a text, a tag or a stack of elements of any size, and takes six times as long. It refuses what is no
 * XML, and a document type, with which entities could be declared: no program writes one into a workbook.
 */
import { SHEET_LIMITS } from '../domain/sheet-limits.js';
import { utf8Text } from './encoding.js';
import { IN_WORKBOOK, SheetError, tooMuch } from './sheet-error.js';

/** Of the element that was opened last; valid while its handler runs. */
export interface Attributes {
  get(name: string): string | undefined;
  /** `r:id` under whatever prefix. */
  getPrefixed(local: string): string | undefined;
}

export interface ElementHandlers {
  readonly open?: (name: string, attributes: Attributes) => void;
  /** Text as it stands, in one piece or several. */
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
  /** Whether so much was gathered that it is to be taken away before the piece is read on. */
  readonly isFull?: () => boolean;
}

/** Yields after each piece, so that what the handlers gathered can be taken away. */
export async function* readXml(pieces: AsyncIterable<Buffer>, handlers: ElementHandlers): AsyncGenerator<void> {
  const reader = new XmlReader(handlers);
  for await (const text of utf8Text(pieces)) {
    reader.feed(text, false);
    while (!reader.read()) yield;
    yield;
  }
  reader.feed('', true);
  while (!reader.read()) yield;
  yield;
}

export async function readWholeXml(pieces: AsyncIterable<Buffer>, handlers: ElementHandlers): Promise<void> {
  for await (const _ of readXml(pieces, handlers));
}

const DEPTH = SHEET_LIMITS.depth.most;
const TAG = SHEET_LIMITS.tag.most;
const ATTRIBUTES = SHEET_LIMITS.attributes.most;
/** `&#x10FFFF;` is the longest reference that means something. */
const REFERENCE = 10;

const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;

class XmlReader implements Attributes {
  private readonly handlers: ElementHandlers;
  private text = '';
  /** So much of it was read. */
  private at = 0;
  private isEnd = false;
  private readonly open: string[] = [];
  private hasRoot = false;
  /** Of the tag that was read last, so many of each as `attributes` says: the arrays are used for every tag. */
  private attributes = 0;
  private readonly names: string[] = [];
  private readonly values: string[] = [];

  constructor(handlers: ElementHandlers) {
    this.handlers = handlers;
  }

  get(name: string): string | undefined {
    for (let at = 0; at < this.attributes; at++) if (this.names[at] === name) return resolved(this.values[at] ?? '');
    return undefined;
  }

  getPrefixed(local: string): string | undefined {
    const names = this.names.slice(0, this.attributes);
    const at = names.findIndex((name) => name.includes(':') && localName(name) === local);
    return at < 0 ? undefined : resolved(this.values[at] ?? '');
  }

  feed(piece: string, isEnd: boolean): void {
    this.text = this.text.slice(this.at) + piece;
    this.at = 0;
    this.isEnd = isEnd;
  }

  /** False where the handlers have enough for the moment. */
  read(): boolean {
    const { text } = this;
    const { isFull } = this.handlers;
    for (;;) {
      if (isFull?.()) return false;
      const tag = text.indexOf('<', this.at);
      const end = tag >= 0 ? tag : this.isEnd ? text.length : wholeReferences(text, this.at);
      if (end > this.at) this.takeText(text.slice(this.at, end));
      this.at = end;
      if (tag < 0) break;
      const next = this.takeMarkup(text, tag);
      if (next < 0) break;
      this.at = next;
    }
    const rest = text.length - this.at;
    if (rest > TAG) throw tooMuch('tag', IN_WORKBOOK);
    if (this.isEnd && (rest > 0 || !this.hasRoot || this.open.length > 0)) throw new NoXml('it breaks off');
    return true;
  }

  private takeText(text: string): void {
    if (this.open.length > 0) this.handlers.text?.(resolved(text));
    else if (text.trim() !== '') throw new NoXml('there is text outside of the root');
  }

  /** Where it ends; -1 where it goes on in the next piece. */
  private takeMarkup(text: string, at: number): number {
    switch (text.charCodeAt(at + 1)) {
      case SLASH:
        return this.takeClosingTag(text, at + 2);
      case QUESTION:
        return after(text, '?>', at + 2);
      case EXCLAMATION:
        return this.takeDeclaration(text, at);
      default:
        return this.takeTag(text, at + 1);
    }
  }

  private takeDeclaration(text: string, at: number): number {
    if (text.startsWith('<!--', at)) return after(text, '-->', at + 4);
    if (text.startsWith('<![CDATA[', at)) {
      const end = text.indexOf(']]>', at);
      if (end < 0) return -1;
      if (this.open.length === 0) throw new NoXml('there is text outside of the root');
      this.handlers.text?.(text.slice(at + 9, end));
      return end + 3;
    }
    const beginning = text.slice(at, at + 9);
    if ('<![CDATA['.startsWith(beginning) || '<!--'.startsWith(beginning)) return -1;
    if (beginning.toUpperCase() === '<!DOCTYPE') throw documentType();
    if ('<!DOCTYPE'.startsWith(beginning.toUpperCase())) return -1;
    throw new NoXml('a declaration is unknown');
  }

  private takeClosingTag(text: string, from: number): number {
    const end = text.indexOf('>', from);
    if (end < 0) return -1;
    const name = text.slice(from, end).trimEnd();
    if (name !== this.open.pop()) throw new NoXml('an element is closed that is not open');
    this.handlers.close?.(localName(name));
    return end + 1;
  }

  private takeTag(text: string, from: number): number {
    let at = nameEnd(text, from);
    const name = text.slice(from, at);
    this.attributes = 0;
    for (;;) {
      at = spaceEnd(text, at);
      const code = text.charCodeAt(at);
      // Not a number behind the end of the text: the tag goes on in the next piece.
      if (Number.isNaN(code)) return -1;
      if (code === GREATER) {
        this.begin(name);
        return at + 1;
      }
      if (code === SLASH) {
        if (at + 1 === text.length) return -1;
        if (text.charCodeAt(at + 1) !== GREATER) throw new NoXml('a slash stands inside a tag');
        this.begin(name);
        this.open.pop();
        this.handlers.close?.(localName(name));
        return at + 2;
      }
      at = this.takeAttribute(text, at);
      if (at < 0) return -1;
    }
  }

  private takeAttribute(text: string, from: number): number {
    const end = nameEnd(text, from);
    const equals = spaceEnd(text, end);
    const quoteAt = spaceEnd(text, equals + 1);
    if (quoteAt >= text.length) return -1;
    const quote = text[quoteAt] ?? '';
    if (end === from || text.charCodeAt(equals) !== EQUALS || (quote !== '"' && quote !== "'")) {
      throw new NoXml('an attribute has no value');
    }
    const close = text.indexOf(quote, quoteAt + 1);
    if (close < 0) return -1;
    if (this.attributes === ATTRIBUTES) throw tooMuch('attributes', IN_WORKBOOK);
    this.names[this.attributes] = text.slice(from, end);
    this.values[this.attributes] = text.slice(quoteAt + 1, close);
    this.attributes += 1;
    return close + 1;
  }

  private begin(name: string): void {
    if (name === '') throw new NoXml('an element has no name');
    if (this.open.length === 0 && this.hasRoot) throw new NoXml('there is a second root');
    if (this.open.length === DEPTH) throw tooMuch('depth', IN_WORKBOOK);
    this.hasRoot = true;
    this.open.push(name);
    this.handlers.open?.(localName(name), this);
  }
}

/** Its message is for developers; the user reads that the workbook is broken. */
class NoXml extends Error {
  override readonly name = 'NoXml';
}

function documentType(): SheetError {
  return new SheetError({
    en: 'the workbook declares an XML document type, which no spreadsheet program does; open it in Excel or WPS and save it again',
    zh: '工作簿中含 XML 文档类型声明（DOCTYPE），表格软件不会写入此类内容；请用 Excel 或 WPS 打开后重新保存',
  });
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at < 0 ? -1 : at + end.length;
}

/** Up to a space or what no name has. */
function nameEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === SLASH || code === LESS || code === GREATER || code === EQUALS) break;
  }
  return at;
}

function spaceEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** Up to where a reference begins that may go on in the next piece. */
function wholeReferences(text: string, from: number): number {
  const last = text.lastIndexOf('&');
  return last < from || text.length - last > REFERENCE || text.includes(';', last) ? text.length : last;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function resolved(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:([a-z]{2,4})|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}))?;?/g, (reference, name, decimal, hex) => {
    if (!reference.endsWith(';') || reference === '&;') throw new NoXml('a reference is not finished');
    if (name !== undefined) {
      const character = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
      if (character === undefined) throw new NoXml('an entity is unknown');
      return character;
    }
    return character(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

/** Neither NUL nor half of a pair is a character of XML. */
function character(point: number): string {
  const isHalf = point >= 0xd800 && point <= 0xdfff;
  if (point === 0 || isHalf || point > 0x10ffff) throw new NoXml('a reference names no character');
  return String.fromCodePoint(point);
}

/** Some programs write `<x:row>` for `<row>`, and `relationships:id` for `r:id`. */
export function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
