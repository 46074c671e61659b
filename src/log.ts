/** The log: JSON lines on stderr, in which no merchant, token or ticket appears. */
import { hostname } from 'node:os';
import { type DestinationStream, type Logger, pino } from 'pino';

export function openLog(level: string): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid, host: hostname() },
      formatters: LOG_FORMATTERS,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: LOG_SERIALIZERS,
    },
    destination(),
  );
}

/** So much waits for a disk that is full, and is written when it has room again; further lines are dropped. */
const KEPT_BYTES = 1024 * 1024;

/** A log that cannot be written ends no work: without a listener, pino throws every error but EPIPE. */
function destination(): DestinationStream {
  return pino.destination({ fd: 2, sync: true, maxLength: KEPT_BYTES }).on('error', () => {});
}

/** `info`, not 30: for people and for whatever gathers logs. */
export const LOG_FORMATTERS = { level: (label: string) => ({ level: label }) };

export const LOG_SERIALIZERS = { err: (error: unknown) => errorFacts(error, 0) };

/** An error may be its own cause, and an AggregateError may have thousands: this is enough to find what it was. */
const DEEPEST = 4;
const MOST_ERRORS = 5;

/** ioredis hangs the whole command on its errors, and with it what a push or a row says: only these are shown. */
function errorFacts(error: unknown, depth: number): object {
  if (!(error instanceof Error)) return { message: 'no Error was thrown' };
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  const facts = { type: name, message, code, stack };
  if (depth === DEEPEST) return facts;
  return {
    ...facts,
    ...(cause !== undefined && { cause: errorFacts(cause, depth + 1) }),
    ...(error instanceof AggregateError && {
      errors: error.errors.slice(0, MOST_ERRORS).map((one) => errorFacts(one, depth + 1)),
    }),
  };
}
