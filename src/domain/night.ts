/** Nightly runs over an inbox folder: when they are due, and what they did. */
import type { Language } from './words.js';

export interface Schedule {
  readonly name: string;
  /** Absolute path of the folder. */
  readonly inbox: string;
  /** Cron expression, e.g. `0 22 * * *`. */
  readonly at: string;
  readonly timezone: string;
  readonly until: 'settled' | 'submitted';
  readonly language: Language;
  /** False: rows with warnings are held back. */
  readonly acceptWarnings?: boolean;
  /** A file with a larger share of invalid rows is rejected. */
  readonly mostInvalid?: number;
  /** ms since 1970 */
  readonly addedAt: number;
}

/** A file of a night that was taken. */
export interface NightFile {
  /** As it lay in the inbox. */
  readonly name: string;
  readonly batch: string;
  /** Where it is now; still in the inbox where it could not be moved. */
  readonly moved: string;
  readonly report: string;
  /** What of it was not read, e.g. other sheets of the workbook; in the language of the night. */
  readonly notes?: readonly string[];
}

export interface RejectedFile {
  readonly name: string;
  readonly moved: string;
  readonly why: string;
}

/** `next_night`: it was still going on when the next one began. `failed`: its inbox could not be read. */
export type NightEnding = 'done' | 'submitted' | 'stopped' | 'interrupted' | 'next_night' | 'failed';

export interface Night {
  /** Unique over all inboxes. */
  readonly id: string;
  /** `2026-11-21`, or `2026-11-21-2` for the second one of that day; its summary is called so. */
  readonly name: string;
  readonly inbox: string;
  /** Undefined where a person ran it by hand. */
  readonly schedule?: string | undefined;
  /** `2026-11-21`: the folder under `done` and `rejected`. */
  readonly date: string;
  readonly language: Language;
  readonly timezone: string;
  /** ms since 1970 */
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly ending?: NightEnding | undefined;
  readonly files: readonly NightFile[];
  readonly rejected: readonly RejectedFile[];
  /** Files that had been changed less than a minute before: they wait for the next night. */
  readonly notReady?: readonly string[];
  /** Folders, links and pipes with the name of a sheet: no night reads them. */
  readonly noFiles?: readonly string[];
  /** Calls of the quota day, when the night began. */
  readonly usedBefore: number;
  /** Calls from its beginning to its end. */
  readonly usedTonight?: number | undefined;
  /** What stopped it, as the report says it. */
  readonly stopped?: string | undefined;
  /** What its reports were last written from. Undefined: they were not. */
  readonly reported?: string | undefined;
  /** The last changes of its batches when that was last compared. Undefined: they could not be written since. */
  readonly seen?: string | undefined;
  /** Since when its reports cannot be written, ms since 1970. */
  readonly unwrittenSince?: number | undefined;
  /** Merchants and legal persons who have to act next, by its last summary. */
  readonly toCall?: number | undefined;
  /** Rows still wait, or its reports could not be written. */
  readonly open: boolean;
}

/** Each once: the same sheet may lie in the inbox under two names. */
export function batchesOf({ files }: Pick<Night, 'files'>): string[] {
  return [...new Set(files.map(({ batch }) => batch))];
}
