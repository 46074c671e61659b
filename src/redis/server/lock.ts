/**
 * A lock in a folder, safe against kill -9 of its holder. The usual lock file has a gap when it is repaired: two
 * processes see that the holder is dead, the first removes the file and makes its own, the second removes the new file.
 * Here every holder takes the next number instead. The highest number is never removed, so "who holds the lock" has one
 * answer at any instant. A number is a symbolic link, because making one is atomic and stores its content with it: the
 * holder, or `free`.
 */
import { mkdir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../sleep.js';
import { startOf } from './process.js';

const FREE = 'free';
const LOOK_AGAIN_MS = 20;

export class LockTaken extends Error {
  override readonly name = 'LockTaken';
}

/** Runs `task` alone among all processes that use this folder. */
export async function withLock<T>(folder: string, task: () => Promise<T>, withinMs = 60_000): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const mine = await acquire(folder, withinMs);
  try {
    return await task();
  } finally {
    await symlink(FREE, join(folder, String(mine + 1)));
    await remove(folder, mine);
  }
}

async function acquire(folder: string, withinMs: number): Promise<number> {
  const me = [process.pid, await startOf(process.pid), hostname()].join(' ');
  const deadline = Date.now() + withinMs;
  for (;;) {
    const newest = await newestOf(folder);
    const holder = newest === 0 ? FREE : await readlink(join(folder, String(newest))).catch(() => undefined);
    if (holder !== undefined && !(await isHeld(holder))) {
      if (await take(folder, newest + 1, me)) return newest + 1;
    } else if (Date.now() > deadline) {
      throw new LockTaken(`${folder} has been held for ${withinMs / 1000} s by process ${holder ?? 'unknown'}`);
    }
    await sleep(LOOK_AGAIN_MS * (0.5 + Math.random()));
  }
}

/** A number below the newest can be free again when we were slow to take it: it counts only while it is the newest. */
async function take(folder: string, number: number, me: string): Promise<boolean> {
  try {
    await symlink(me, join(folder, String(number)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
  if ((await newestOf(folder)) !== number) {
    await remove(folder, number);
    return false;
  }
  for (const old of await numbersOf(folder)) if (old < number) await remove(folder, old);
  return true;
}

async function isHeld(holder: string): Promise<boolean> {
  if (holder === FREE) return false;
  const [pid, start, host] = holder.split(' ');
  // Another host (a container that shares the folder): its processes cannot be seen from here, and it may be gone for
  // good. The server itself is guarded by the system's own file lock, see the start of the private server.
  if (host !== hostname()) return false;
  return (await startOf(Number(pid))) === start;
}

async function newestOf(folder: string): Promise<number> {
  return Math.max(0, ...(await numbersOf(folder)));
}

async function numbersOf(folder: string): Promise<number[]> {
  return (await readdir(folder)).map(Number).filter(Number.isInteger);
}

async function remove(folder: string, number: number): Promise<void> {
  await unlink(join(folder, String(number))).catch(() => {});
}
