/** What a port that anyone can reach allows unknown clients. */
export interface ConnectionLimits {
  /** Open connections, including idle ones. The oldest connections of unknown clients are closed for new ones. */
  readonly connections: number;
  /**
   * Connections of known clients that stay open between two requests. The connection that has been idle for longest is closed first.
   */
  readonly idle: number;
  /** Unfinished requests of unknown clients from one public address. */
  readonly perAddress: number;
  /** The time from the connection, or from the last answer, until a request has arrived and is answered. */
  readonly requestMs: number;
  /** A proxy keeps its connections for 60 s. The proxy must close them first, or it may send a push on a closed connection. */
  readonly idleMs: number;
  /** Answers a second to unknown clients; further answers wait until they are due. A flood of connections gets fewer (last-answers.ts). */
  readonly answersASecond: number;
  /** How many further answers are allowed at once after a quiet time. */
  readonly answersAtOnce: number;
  /** How long a known client may stop reading an answer. Undefined: every answer is so short that the system's buffer takes all of it. */
  readonly stalledMs?: number;
}

/**
 * Ten thousand clients that send a request after each answer would never stop, and WeChat's pushes would wait among their
 * requests. While these clients wait, their connections cost almost nothing.
 */
export const ANSWERS_TO_STRANGERS = { answersASecond: 1_000, answersAtOnce: 500 };

/** Files that the process needs beside connections: Redis, the spool, files that are read. */
const RESERVED_FILES = 256;

/**
 * 12,000 idle connections take 60 MB. With a lower limit, old connections would be closed for new ones, and an attacker with ten
 * thousand connections would open them again: keeping them costs less than closing them.
 */
const MOST_CONNECTIONS = 15_000;

/** As many connections as the system allows this process, within the limit of the memory. */
export function mostConnections(share: number): number {
  const files = openFilesLimit();
  return Math.max(Math.floor(Math.min(MOST_CONNECTIONS, (files - Math.min(RESERVED_FILES, files / 2)) * share)), 16);
}

/** The report takes several milliseconds, and a process keeps the limit that it was started with. */
let openFiles: number | undefined;

function openFilesLimit(): number {
  openFiles ??= readOpenFilesLimit();
  return openFiles;
}

function readOpenFilesLimit(): number {
  // Without it the report would look up the name of every peer.
  const settings = process.report as { excludeNetwork?: boolean };
  settings.excludeNetwork = true;
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : MOST_CONNECTIONS * 2;
}
