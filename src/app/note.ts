/** A note on a registration: what was said on the phone, and when. It moves nothing. */
import { type Note, type NoteInput, readNote } from '../domain/note.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import { noRegistration } from './registration-named.js';
import { RequestError } from './request-error.js';

export interface Noted extends Note {
  readonly registration: string;
  /** ms since 1970 */
  readonly at: number;
}

/** @throws RequestError */
export async function addNote(
  ledger: Pick<Ledger, 'read' | 'record'>,
  registration: string,
  input: NoteInput,
): Promise<Noted> {
  const read = readNote(input);
  if (read.kind === 'fault') throw new RequestError('refused', read.words);
  const snapshot = await ledger.read(registration);
  if (snapshot === undefined) throw noRegistration(registration);
  // Nothing would ever delete it: purge goes by the rows of batches.
  if (snapshot.row === undefined) throw detailsPurged(registration);
  const { note } = read;
  const { text, who, contacted } = note;
  const fact = { kind: 'noted', at: snapshot.now, note: text, who, ...(contacted && { contacted }) } as const;
  await ledger.record(registration, fact, {}, snapshot);
  return { registration, at: snapshot.now, ...note };
}

export function detailsPurged(id: string): RequestError {
  return new RequestError('refused', {
    en: `${id}: the merchant's details were purged. Load the row again.`,
    zh: `${id}：商户信息已清除。请将该行放入新的表格重新导入。`,
  });
}
