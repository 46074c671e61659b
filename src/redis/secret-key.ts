/** The vault's key: given, or made on first use beside the private Redis. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

/** @returns 32 bytes */
export function secretKeyUnder(home: string): Buffer {
  const file = join(home, 'secret.key');
  return read(file) ?? make(home, file);
}

/** The key without creating it: undefined if there is none yet. */
export function knownSecretKeyUnder(home: string): Buffer | undefined {
  return read(join(home, 'secret.key'));
}

function read(file: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES)
    throw new Error(`${file} does not hold a key of ${KEY_BYTES} bytes in Base64. Put it back from a backup.`);
  return bytes;
}

/** If two processes create a key at the same moment, the link of the first one stays, and the second reads that key. */
function make(home: string, file: string): Buffer {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600 });
  try {
    linkSync(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(own);
  }
  return read(file) ?? make(home, file);
}
