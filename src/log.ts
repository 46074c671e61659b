/** The log: JSON lines on stderr, in which no merchant, token or ticket appears. */
import { type Logger, pino } from 'pino';

export function openLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: errorFacts } },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** ioredis hangs the whole command on its errors, and with it what a push or a row says: only these four are shown. */
function errorFacts(error: unknown): object {
  if (!(error instanceof Error)) return { message: 'no Error was thrown' };
  const { name, message, stack } = error;
  const { code } = error as NodeJS.ErrnoException;
  return { type: name, message, code, stack };
}
