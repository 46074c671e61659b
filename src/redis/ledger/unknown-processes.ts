/** How long creates wait in a new epoch (loss.ts) for processes that neither Redis nor another process knows of. */

/**
 * Such a process connects again within this time: it tries every two seconds at least (LONGEST_RECONNECT_PAUSE_MS in connection.ts), and
 * then has to read its journal.
 */
export const MOMENT_MS = 3_000;

/** Most tests have no such process, and shorten the wait. */
export const UNKNOWN_PROCESSES = { momentMs: MOMENT_MS };
