/**
 * Temporary files of tests, in memory: private servers sync before each answer, and removing their folders waits for the disk as
 * well. On Linux, where there is room and programs may be run from there.
 */
import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';

const FOLDER = '/dev/shm';
/** Several times what all tests have there at a time, 130 MB. A container has 64 MB there by default. */
const ROOM_BYTES = 2 ** 30;

/** undefined where the usual folder is the one to take. */
export function folderInMemory(): string | undefined {
  try {
    const mounted = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .findLast((line) => line.split(' ')[1] === FOLDER);
    const flags = mounted?.split(' ')[3]?.split(',') ?? ['noexec'];
    const { bavail, bsize } = statfsSync(FOLDER);
    accessSync(FOLDER, constants.W_OK);
    return flags.includes('noexec') || bavail * bsize < ROOM_BYTES ? undefined : FOLDER;
  } catch {
    return undefined;
  }
}
