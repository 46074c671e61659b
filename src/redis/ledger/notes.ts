/** Notes of many registrations at once. They are entries of the histories; only histories with a note are read. */
import type { Redis } from 'ioredis';
import { type NotesShown, notesIn } from '../../domain/note.js';
import type { HistoryEntry } from '../../domain/snapshot.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import { NOTED } from './write-set.js';

/** By registration; one without a note is missing. */
export type NotesOf = (ids: readonly string[]) => Promise<ReadonlyMap<string, NotesShown>>;

export function openNotes(redis: Redis): NotesOf {
  return async (ids) => {
    if (ids.length === 0) return new Map();
    const marks = await answersOf(redis.pipeline(ids.map((id) => ['hget', key('registration', id), NOTED])));
    const noted = ids.filter((_, at) => marks[at] !== null);
    const histories = await answersOf(redis.pipeline(noted.map((id) => ['lrange', key('history', id), '0', '-1'])));
    return new Map(
      noted.map((id, at) => {
        const entries = (histories[at] as string[]).map((entry) => JSON.parse(entry) as HistoryEntry);
        return [id, notesIn(entries)] as const;
      }),
    );
  };
}
