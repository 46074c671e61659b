/** A log whose lines a test can read: what pino would write, line by line. */
import { type Logger, pino } from 'pino';

export function readableLog(level = 'trace'): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = pino({ level, base: null }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}
