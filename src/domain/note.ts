/**
 * Notes: what a person writes about a merchant. A note is a fact that moves nothing, so it lies in the history only, and is
 * forgotten with it.
 */
import { printable } from './printable.js';
import type { FactKind } from './registration.js';
import { withoutResidentIdsIn } from './resident-id.js';
import type { HistoryEntry } from './snapshot.js';
import type { Words } from './words.js';

/** Characters as people count them. */
export const LONGEST_NOTE = 500;
export const LONGEST_AUTHOR = 50;

/** A note as a person entered it. */
export interface NoteInput {
  readonly text: string;
  readonly who: string;
  readonly contacted: boolean;
}

/** A note that can be shown anywhere: on one line, with nothing that moves a cursor or turns the reading direction. */
export interface Note {
  readonly text: string;
  readonly who: string;
  readonly contacted: boolean;
}

/** A note with its time, in ms since 1970. */
export interface NoteWritten extends Note {
  readonly at: number;
}

export type NoteRead = { readonly kind: 'note'; readonly note: Note } | Fault;

export function readNote({ text, who, contacted }: NoteInput): NoteRead {
  const author = readAuthor(who);
  if (author.kind === 'fault') return author;
  const line = onOneLine(text);
  if (line === '' && !contacted) {
    return fault('The note is empty. Write a text, or --contacted.', '备注为空。请填写内容，或使用 --contacted。');
  }
  if (lengthOf(line) > LONGEST_NOTE) {
    return fault(
      `The note has ${lengthOf(line)} characters; ${LONGEST_NOTE} is the most.`,
      `备注有 ${lengthOf(line)} 个字符，最多 ${LONGEST_NOTE} 个。`,
    );
  }
  // A person's ID has no place in the ledger, whichever way it comes.
  return { kind: 'note', note: { text: printable(withoutResidentIdsIn(line)), who: author.name, contacted } };
}

export type ReasonRead = { readonly kind: 'reason'; readonly text: string } | Fault;

/** Why a person corrects details; it may be left out. */
export function readReason(because: string): ReasonRead {
  const line = onOneLine(because);
  if (lengthOf(line) > LONGEST_NOTE) {
    return fault(
      `The reason has ${lengthOf(line)} characters; ${LONGEST_NOTE} is the most.`,
      `原因有 ${lengthOf(line)} 个字符，最多 ${LONGEST_NOTE} 个。`,
    );
  }
  return { kind: 'reason', text: printable(withoutResidentIdsIn(line)) };
}

export type AuthorRead = { readonly kind: 'author'; readonly name: string } | Fault;

/** The person who writes a note, or corrects details, as the history shows the name. */
export function readAuthor(who: string): AuthorRead {
  const name = onOneLine(who);
  if (name === '') return fault('The name of the author is empty: write --by NAME.', '缺少记录人：请写 --by 姓名。');
  if (lengthOf(name) > LONGEST_AUTHOR) {
    return fault(
      `The author's name has ${lengthOf(name)} characters; ${LONGEST_AUTHOR} is the most.`,
      `记录人姓名有 ${lengthOf(name)} 个字符，最多 ${LONGEST_AUTHOR} 个。`,
    );
  }
  return { kind: 'author', name: printable(name) };
}

interface Fault {
  readonly kind: 'fault';
  readonly words: Words;
}

function fault(en: string, zh: string): Fault {
  return { kind: 'fault', words: { en, zh } };
}

/** A line of its own could be taken for another entry of the history. */
function onOneLine(text: string): string {
  return text
    .replace(/[\r\n\t\v\f\u0085\u2028\u2029]+/g, ' ')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim();
}

function lengthOf(text: string): number {
  return [...text].length;
}

/** What the notes of a registration say to a person who is about to phone. */
export interface NotesShown {
  /**
   * When the merchant was last contacted since the registration is in its present state (ms since 1970), and by which
   * person.
   */
  readonly contactedAt?: number;
  readonly contactedBy?: string;
  /** The newest text. */
  readonly text?: string;
  /** When the last note was written, in whatever state; ms since 1970. */
  readonly notedAt?: number;
}

/** Of a row that our checks refused, in the order in which they were written: it has one state, so every contact counts. */
export function notesOfRow(notes: readonly NoteWritten[]): NotesShown {
  const last = notes.at(-1);
  const contact = notes.findLast(({ contacted }) => contacted);
  const text = notes.findLast((note) => note.text !== '')?.text;
  return {
    ...(contact !== undefined && { contactedAt: contact.at, contactedBy: contact.who }),
    ...(text !== undefined && { text }),
    ...(last !== undefined && { notedAt: last.at }),
  };
}

const ASKS_AGAIN: ReadonlySet<string> = new Set<FactKind>(['authorizer_lost', 'authorizer_withdrawn']);

/**
 * A contact counts for the state in which it was made: a merchant who was reminded, and let the 24 hours pass, has to
 * be called again. So has one whose authorisation was lost, or withdrawn, after it was given.
 */
export function notesIn(history: readonly HistoryEntry[]): NotesShown {
  let state = 'queued';
  let contact: Pick<NotesShown, 'contactedAt' | 'contactedBy'> = {};
  let text: string | undefined;
  let notedAt: number | undefined;
  for (const entry of history) {
    if (entry.to !== undefined && (entry.to !== state || ASKS_AGAIN.has(entry.kind))) {
      state = entry.to;
      contact = {};
    }
    if (entry.kind !== 'noted') continue;
    notedAt = entry.at;
    if (entry.note) text = entry.note;
    if (entry.contacted) contact = { contactedAt: entry.at, ...(entry.who && { contactedBy: entry.who }) };
  }
  return { ...contact, ...(text !== undefined && { text }), ...(notedAt !== undefined && { notedAt }) };
}
