/** The few things of XML that a workbook's parts need: elements by their local names, one after the other. */
import type { Readable } from 'node:stream';
import sax from 'sax';

export type Attributes = Readonly<Record<string, string>>;

export interface ElementHandlers {
  readonly open?: (name: string, attributes: Attributes) => void;
  /** Text as it stands, in one piece or several. */
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

/** Yields after each piece of the stream, so that what the handlers gathered can be taken away. */
export async function* readXml(stream: Readable, handlers: ElementHandlers): AsyncGenerator<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // Positions cost a fifth of the time and are never told. Entities of a document's own are not expanded: sax refuses them.
  const parser = sax.parser(true, { position: false });
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentag = ({ name, attributes }) => handlers.open?.(localName(name), attributes as Attributes);
  parser.ontext = (text) => handlers.text?.(text);
  parser.oncdata = (text) => handlers.text?.(text);
  parser.onclosetag = (name) => handlers.close?.(localName(name));
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    parser.write(decoder.decode(chunk, { stream: true }));
    yield;
  }
  parser.write(decoder.decode()).close();
  yield;
}

export async function readWholeXml(stream: Readable, handlers: ElementHandlers): Promise<void> {
  for await (const _ of readXml(stream, handlers));
}

/** Some programs write `<x:row>` for `<row>`, and `relationships:id` for `r:id`. */
export function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
