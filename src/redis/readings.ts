/**
 * Which files are being read, and by which processes. A note is written before a file is read and deleted afterwards, so a
 * note of a process that is gone says that the process ended while it read.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { answersOf } from './exec.js';
import { key } from './keys.js';

/** Identifies a file: a changed or replaced file is another one. */
export interface FileInReading {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface Readings {
  /** Notes that this process reads the file; answers how many others began to and never finished. */
  begin(file: FileInReading): Promise<number>;
  /** Deletes the note of this process: it shuts down. */
  leave(file: FileInReading): Promise<void>;
  /** Deletes all notes of the file: it was read or rejected. */
  end(file: FileInReading): Promise<void>;
}

/** Long enough for any office to start the program again. */
const REMEMBERED_MS = 30 * 86_400_000;
const THIS_PROCESS = randomUUID();

/** @param reader names the process, so a command that is sent twice changes nothing */
export function openReadings(redis: Redis, reader: string = THIS_PROCESS): Readings {
  const keyOf = ({ path, size, mtimeMs }: FileInReading): string =>
    key('reading', createHash('sha256').update(`${path}\n${size}\n${mtimeMs}`).digest('hex').slice(0, 16));

  return {
    async begin(file) {
      const name = keyOf(file);
      const [, , readers] = await answersOf(redis.multi().sadd(name, reader).pexpire(name, REMEMBERED_MS).scard(name));
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
