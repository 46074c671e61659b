/**
 * Notes of many rows at once. A note on a registration is an entry of its history; only histories with a note are read. A row
 * that our checks refused has no registration: its notes lie beside its batch.
 */
import type { Redis } from 'ioredis';
import { ROWS_PER_PAGE } from '../../domain/batch.js';
import { type NotesShown, type NoteWritten, notesIn, notesOfRow } from '../../domain/note.js';
import { batchOf, indexOf } from '../../domain/row.js';
import type { HistoryEntry } from '../../domain/snapshot.js';
import { answersOf } from '../exec.js';
import { key, prefix } from '../keys.js';
import { script } from '../scripts.js';
import { NOTED } from './write-set.js';

/** By registration, or by the place (`batch/index`) of a row that was refused; those without a note are absent. */
export type NotesOf = (subjects: readonly string[]) => Promise<ReadonlyMap<string, NotesShown>>;

/** `row`: its place, `batch/index`. */
export type NoteRow = (row: string, note: NoteWritten) => Promise<void>;

/** How many registrations one run of the script takes: few enough that Redis answers other clients within a millisecond. */
const ASKED_AT_ONCE = 500;

export function openNotes(redis: Redis): NotesOf {
  const notedScript = script(redis, 'noted');

  async function notedAmong(ids: readonly string[]): Promise<string[]> {
    const parts = Array.from({ length: Math.ceil(ids.length / ASKED_AT_ONCE) }, (_, at) =>
      ids.slice(at * ASKED_AT_ONCE, (at + 1) * ASKED_AT_ONCE),
    );
    return (
      await Promise.all(parts.map((part) => notedScript([prefix()], [NOTED, ...part]) as Promise<string[]>))
    ).flat();
  }

  async function ofRegistrations(ids: readonly string[]): Promise<[string, NotesShown][]> {
    const noted = await notedAmong(ids);
    const histories = await answersOf(redis.pipeline(noted.map((id) => ['lrange', key('history', id), '0', '-1'])));
    return noted.map((id, at) => {
      const entries = (histories[at] as string[]).map((entry) => JSON.parse(entry) as HistoryEntry);
      return [id, notesIn(entries)];
    });
  }

  async function ofRows(rows: readonly string[]): Promise<[string, NotesShown][]> {
    const asked = rows.map((row) => ['hget', key('rowNotes', batchOf(row)), indexOf(row)]);
    const found = (await answersOf(redis.pipeline(asked))) as (string | null)[];
    return rows.flatMap((row, at): [string, NotesShown][] => {
      const notes = found[at]?.split('\n').map((note) => JSON.parse(note) as NoteWritten);
      return notes === undefined ? [] : [[row, notesOfRow(notes)]];
    });
  }

  return async (subjects) => {
    const rows = subjects.filter((subject) => subject.includes('/'));
    const registrations = subjects.filter((subject) => !subject.includes('/'));
    const [some, others] = await Promise.all([
      registrations.length > 0 ? ofRegistrations(registrations) : [],
      rows.length > 0 ? ofRows(rows) : [],
    ]);
    return new Map([...some, ...others]);
  };
}

export function openRowNotes(redis: Redis): NoteRow {
  const noteRow = script(redis, 'note-row');
  return async (row, note) => {
    const [batch, index] = [batchOf(row), indexOf(row)];
    const page = `${batch}:${Math.floor(index / ROWS_PER_PAGE)}`;
    await noteRow([key('rowNotes', batch)], [index, page, JSON.stringify(note)]);
  };
}
