/**
 * Keeps the pipe of the members open, so that the system itself reports when the last of them is gone, also after a kill -9
 * (launch.ts). Without a pipe, which some file systems cannot have, only a process that leaves in order stops the server.
 */
import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Only inside the lock. Undefined where there is no pipe. */
export async function openMembership(pipe: string): Promise<FileHandle | undefined> {
  // A process of its own costs each command some 10 ms.
  if (!existsSync(pipe)) await run('mkfifo', ['-m', '600', pipe]).catch(() => {});
  // Opened for reading as well: opening a pipe for writing alone would wait for a reader.
  const handle = await open(pipe, constants.O_RDWR | constants.O_NONBLOCK).catch(() => undefined);
  if (handle === undefined || (await handle.stat()).isFIFO()) return handle;
  await handle.close();
  return undefined;
}
