/**
 * Keeps the pipe of the members open, so that the system itself reports when the last of them is gone, also after a kill -9
 * (launch.ts). A folder that can have no pipe has none: then only a process that leaves stops the server.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Only inside the lock. Undefined where there is no pipe. */
export async function openMembership(pipe: string): Promise<FileHandle | undefined> {
  // Fails where it is there already.
  await run('mkfifo', ['-m', '600', pipe]).catch(() => {});
  // For reading, too: a pipe without a reader cannot be opened to write without waiting for one.
  const handle = await open(pipe, constants.O_RDWR | constants.O_NONBLOCK).catch(() => undefined);
  if (handle === undefined || (await handle.stat()).isFIFO()) return handle;
  await handle.close();
  return undefined;
}
