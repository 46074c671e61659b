/** Notes of many registrations at once. Notes are entries of histories; only histories with a note are read. */
import type { Redis } from 'ioredis';
import { type NotesShown, notesIn } from '../../domain/note.js';
import type { HistoryEntry } from '../../domain/snapshot.js';
import { answersOf } from '../exec.js';
import { key, prefix } from '../keys.js';
import { script } from '../scripts.js';
import { NOTED } from './write-set.js';

/** By registration; registrations without a note are absent. */
export type NotesOf = (ids: readonly string[]) => Promise<ReadonlyMap<string, NotesShown>>;

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

  return async (ids) => {
    const noted = await notedAmong(ids);
    if (noted.length === 0) return new Map();
    const histories = await answersOf(redis.pipeline(noted.map((id) => ['lrange', key('history', id), '0', '-1'])));
    return new Map(
      noted.map((id, at) => {
        const entries = (histories[at] as string[]).map((entry) => JSON.parse(entry) as HistoryEntry);
        return [id, notesIn(entries)] as const;
      }),
    );
  };
}
