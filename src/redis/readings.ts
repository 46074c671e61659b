/**
 * Which files processes have begun to read: noted before, and forgotten when it is over, however it ends. What is still
 * noted of a process that is gone was its end, or its end came while it read.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { key } from './keys.js';

/** One that is written to, or replaced, is another file. */
export interface FileInReading {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface Readings {
  /** Notes that this process reads the file now; answers how many others have begun to, and never came to an end. */
  begin(file: FileInReading): Promise<number>;
  /** This process may be ended before it is through, and not by the file. */
  leave(file: FileInReading): Promise<void>;
  /** It was read to its end, or rejected: whoever began to read it is forgotten. */
  end(file: FileInReading): Promise<void>;
}

/** A file that lies there longer was not what ended anybody. */
const REMEMBERED_MS = 30 * 86_400_000;
const THIS_PROCESS = randomUUID();

/** @param reader names the process: that it begins twice, or a command is sent again, changes nothing */
export function openReadings(redis: Redis, reader: string = THIS_PROCESS): Readings {
  const keyOf = ({ path, size, mtimeMs }: FileInReading): string =>
    key('reading', createHash('sha256').update(`${path}\n${size}\n${mtimeMs}`).digest('hex').slice(0, 16));

  return {
    async begin(file) {
      const name = keyOf(file);
      const answers = await redis.multi().sadd(name, reader).pexpire(name, REMEMBERED_MS).scard(name).exec();
      const [failure, readers] = answers?.[2] ?? [];
      if (failure) throw failure;
      return Number(readers) - 1;
    },
    async leave(file) {
      await redis.srem(keyOf(file), reader);
    },
    async end(file) {
      await redis.del(keyOf(file));
    },
  };
}
