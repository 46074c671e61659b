/** What a port that anyone can reach gives to strangers. */
export interface ConnectionLimits {
  /** Open at once, the idle ones included. The oldest of strangers make room for new ones. */
  readonly connections: number;
  /**
   * Connections of known clients that stay open between two requests. The connection that is idle longest makes room.
   */
  readonly idle: number;
  /** Requests of strangers that are not over yet, from one public address. */
  readonly perAddress: number;
  /** From the connection, or the answer before, until a request is here whole and answered. */
  readonly requestMs: number;
  /** A proxy keeps its connections for 60 s. It has to be the side that closes them: else it may send a push on a closed connection. */
  readonly idleMs: number;
  /** Answers to strangers. One above that waits until it is due. While connections flood in there are fewer (listener.ts). */
  readonly answersASecond: number;
  /** How many more after a quiet time. */
  readonly answersAtOnce: number;
  /** How long a known client may read nothing of an answer. Undefined: every answer is so short that the system takes it whole. */
  readonly stalledMs?: number;
}

/**
 * Ten thousand clients that ask again as soon as they are answered would never stop, and WeChat's pushes would stand among their
 * requests; while they wait, their connections cost next to nothing.
 */
export const ANSWERS_TO_STRANGERS = { answersASecond: 1_000, answersAtOnce: 500 };

/** Redis, the spool, files that are read: what the process needs beside connections. */
const RESERVED_FILES = 256;

/**
 * 12,000 idle connections are 60 MB. With fewer, old ones would be closed for new ones, and an attacker with ten thousand opens them again:
 * to keep them costs less than to turn them away.
 */
const MOST_CONNECTIONS = 15_000;

/** As many as the system lets this process have open, and no more than the memory is for. */
export function mostConnections(share: number): number {
  const files = openFilesLimit();
  return Math.max(Math.floor(Math.min(MOST_CONNECTIONS, (files - Math.min(RESERVED_FILES, files / 2)) * share)), 16);
}

function openFilesLimit(): number {
  // Without it the report would look up the name of every peer.
  const settings = process.report as { excludeNetwork?: boolean };
  settings.excludeNetwork = true;
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : MOST_CONNECTIONS * 2;
}
