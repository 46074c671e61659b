/**
 * The lines of a journal, as they are written and read. A line is a create, the answers of a moment, or the pushes of a moment, whose
 * bodies follow it.
 */
import { readFileSync } from 'node:fs';
import type { ReceivedPush } from '../../domain/push.js';
import type { Fact } from '../../domain/registration.js';
import type { Vault } from '../vault.js';

export interface JournalEntry {
  readonly registration: string;
  /** The write id that the fact has in the history. */
  readonly writeId: string;
  readonly fact: Fact;
  /** The quota day that was charged for a create. */
  readonly day?: string;
}

export type JournaledPush = Omit<ReceivedPush, 'isOld'>;

/** The entry of a push that waited in the spool for longer than this has two times: when it came, and when it was written. */
const WAITED_LONG_MS = 60_000;

/** Sealing and writing a line takes longer than all other work of a call, so the answers of a moment share one line. */
export function linesOfEntries(entries: readonly JournalEntry[], vault: Vault): string {
  const sent = entries.filter(({ fact }) => fact.kind === 'create_sent');
  const others = entries.filter(({ fact }) => fact.kind !== 'create_sent');
  const jsonOf = openFactTexts();
  let lines = '';
  for (const { registration, writeId, fact, day } of sent) {
    lines += `${withFact({ at: fact.at, r: registration, m: writeId, d: day }, 'f', jsonOf(fact))}\n`;
  }
  if (others.length > 0) {
    const at = Math.max(...others.map(({ fact }) => fact.at));
    const texts = others.map(({ fact, ...entry }) => withFact(entry, 'fact', jsonOf(fact)));
    lines += `${JSON.stringify({ at, n: others.length, s: vault.seal(`[${texts.join()}]`, LABEL) })}\n`;
  }
  return lines;
}

/** Facts as JSON. Entries of a moment mostly share one, and most of an entry is its fact. */
function openFactTexts(): (fact: Fact) => string {
  const texts = new Map<Fact, string>();
  return (fact) => {
    let text = texts.get(fact);
    if (text === undefined) {
      text = JSON.stringify(fact);
      texts.set(fact, text);
    }
    return text;
  };
}

function withFact(others: object, name: string, fact: string): string {
  return `${JSON.stringify(others).slice(0, -1)},"${name}":${fact}}`;
}

/** A line of the file: a create that is sent (r, m, d, f), n sealed entries (s), or the pushes of a moment (pushes). */
export interface JournalLine {
  readonly at: number;
  /** When it was written, of a push that had waited in the spool. */
  readonly w?: number;
  readonly r?: string;
  readonly m?: string;
  readonly d?: string;
  readonly f?: Fact;
  readonly n?: number;
  readonly s?: string;
  readonly createdAt?: number;
  readonly infoType?: string;
  readonly query?: string;
  readonly signature?: string;
  /** The verify ticket, sealed as it came (component-store.ts). */
  readonly t?: string;
  readonly bytes?: number;
  readonly body?: Buffer;
  readonly pushes?: readonly JournalLine[];
}

const LABEL = 'journal';
const LINE_END = Buffer.from('\n');

/** A line, and behind it the bodies as they came: to make text of them would take longer than all other work. */
export function bytesOfPushes(pushes: readonly JournaledPush[], now: number): Buffer {
  const fields = pushes.map(({ receivedAt: at, createdAt, infoType, query, signature, ticket, body }) => {
    const w = now - at > WAITED_LONG_MS ? now : undefined;
    return { at, w, createdAt, infoType, query, signature, t: ticket, bytes: body.length };
  });
  const line = Buffer.from(`${JSON.stringify({ pushes: fields })}\n`);
  return Buffer.concat([line, ...pushes.map(({ body }) => body), LINE_END]);
}

/** Undefined if the entries were sealed with another key. */
export function entriesIn({ r, m = '', d, f, s }: JournalLine, vault: Vault): JournalEntry[] | undefined {
  if (r !== undefined)
    return f === undefined ? [] : [{ registration: r, writeId: m, fact: f, ...(d !== undefined && { day: d }) }];
  if (s === undefined) return [];
  try {
    return JSON.parse(vault.open(s, LABEL)) as JournalEntry[];
  } catch {
    return undefined;
  }
}

/** A process that was killed during a write has left a part of a line, or of what follows it: that call was never made. */
export function linesOf(path: string): JournalLine[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    // Another process has deleted the file meanwhile.
    return [];
  }
  const lines: JournalLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_END, at);
    const line = lineFrom(bytes.toString('utf8', at, end < 0 ? undefined : end));
    at = end < 0 ? bytes.length : end + 1;
    for (const push of line?.pushes ?? []) {
      const body = bytes.subarray(at, at + (push.bytes ?? 0));
      if (body.length === push.bytes) lines.push({ ...push, body });
      at += push.bytes ?? 0;
    }
    if (line !== undefined && line.pushes === undefined) lines.push(line);
  }
  return lines;
}

/** Nothing of a line that is no push. */
export function pushIn({
  at,
  createdAt,
  infoType = '',
  query = '',
  signature,
  t: ticket,
  body,
}: JournalLine): JournaledPush[] {
  return body === undefined ? [] : [{ receivedAt: at, createdAt, infoType, query, signature, ticket, body }];
}

function lineFrom(text: string): JournalLine | undefined {
  try {
    return JSON.parse(text) as JournalLine;
  } catch {
    return undefined;
  }
}
