/** Notes: what was said on the phone, and when. They move nothing. */
import { type Note, type NoteInput, type NoteWritten, readNote } from '../domain/note.js';
import { batchOf, indexOf } from '../domain/row.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import { openRowNotes } from '../redis/ledger/notes.js';
import { noRegistration } from './registration-named.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

export interface Noted extends NoteWritten {
  readonly registration: string;
}

/** @throws RequestError */
export async function addNote(
  ledger: Pick<Ledger, 'read' | 'record'>,
  registration: string,
  input: NoteInput,
): Promise<Noted> {
  const note = noteIn(input);
  const snapshot = await ledger.read(registration);
  if (snapshot === undefined) throw noRegistration(registration);
  // Nothing would ever delete it: purge goes by the rows of batches.
  if (snapshot.row === undefined) throw detailsPurged(registration);
  const { text, who, contacted } = note;
  const fact = { kind: 'noted', at: snapshot.now, note: text, who, ...(contacted && { contacted }) } as const;
  await ledger.record(registration, fact, {}, snapshot);
  return { registration, at: snapshot.now, ...note };
}

/**
 * On a row that our checks refused: no registration has it.
 *
 * @param place `batch/index`
 * @throws RequestError
 */
export async function addRowNote(
  store: Pick<Store, 'batches' | 'redis'>,
  place: string,
  input: NoteInput,
): Promise<void> {
  const note = noteIn(input);
  const batch = await store.batches.find(batchOf(place));
  const row = batch && (await store.batches.rowWithOutcome(batch, indexOf(place)));
  if (row?.relation.kind !== 'refused') throw new RequestError('not_found', NO_SUCH_ROW);
  await openRowNotes(store.redis)(place, { ...note, at: Date.now() });
}

function noteIn(input: NoteInput): Note {
  const read = readNote(input);
  if (read.kind === 'fault') throw new RequestError('refused', read.words);
  return read.note;
}

const NO_SUCH_ROW = {
  en: 'There is no such row any more, or it was sent. Open the page again.',
  zh: '该行已不存在或已提交，请重新打开页面。',
};

export function detailsPurged(id: string): RequestError {
  return new RequestError('refused', {
    en: `${id}: the merchant's details were purged. Load the row again.`,
    zh: `${id}：商户信息已清除。请将该行放入新的表格重新导入。`,
  });
}
