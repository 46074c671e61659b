/** A report as a file: whole or not at all, and never over somebody else's. */
import { createWriteStream, existsSync } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The report cannot be put there; the message says what to do instead. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** @throws OutputError */
export async function writeWhole(
  file: string,
  pieces: AsyncIterable<string | Uint8Array>,
  overwrite: boolean,
): Promise<void> {
  if (!overwrite && existsSync(file)) {
    throw new OutputError(`${file} is there already. Name another file, or say --force.`);
  }
  const half = join(dirname(file), `.${basename(file)}.${process.pid}.${Date.now()}.half`);
  try {
    await pipeline(pieces, createWriteStream(half));
    await rename(half, file);
  } catch (error) {
    await unlink(half).catch(() => {});
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = CANNOT_WRITE[code];
    if (why === undefined) throw error;
    throw new OutputError(`${file} cannot be written: ${why}`, { cause: error });
  }
}

const CANNOT_WRITE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder. Make it, or name another file.',
  ENOTDIR: 'there is no such folder. Make it, or name another file.',
  EACCES: 'its folder may not be written to. Name another file.',
  EROFS: 'its folder may not be written to. Name another file.',
  EISDIR: 'it is a folder. Name a file.',
  ENOSPC: 'the disk is full. Nothing was left there.',
};
