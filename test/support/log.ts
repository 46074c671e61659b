/** A log whose lines a test can read, line by line, with errors as production writes them. */
import { type Logger, pino } from 'pino';
import { LOG_FORMATTERS, LOG_SERIALIZERS } from '../../src/log.js';

export function readableLog(level = 'trace'): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = pino(
    { level, base: null, formatters: LOG_FORMATTERS, serializers: LOG_SERIALIZERS },
    { write: (line: string) => void lines.push(line) },
  );
  return { log, lines };
}
