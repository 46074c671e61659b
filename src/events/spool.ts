/**
 * Where pushes wait while Redis is unavailable: files under FASTREGISTER_HOME, written and synced before WeChat gets
 * `success`. A segment is a file with one push a line. Its writer names it `.open`; the process that empties it, its
 * writer or a process that finds it left behind, first renames it. A writer that finds its file renamed after a write
 * writes the same again elsewhere. So no process has to know which others live, and a synced push is either read or was
 * never acknowledged. Redis stores in the same step how much of a segment is stored, so emptying a segment twice stores
 * each push once.
 */

import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { ReceivedPush } from '../domain/push.js';
import type { Pushes } from '../redis/pushes/pushes.js';

export interface Spool {
  /** The push is on disk when this resolves. */
  append(pushes: readonly ReceivedPush[]): Promise<void>;
  /** Resolves when every append that has begun is over. */
  settled(): Promise<void>;
  /** Stores the pushes that are on disk, oldest first, and returns their number. */
  empty(store: Pick<Pushes, 'store' | 'storedOf'>): Promise<number>;
  /** Whether any process has pushes in the spool. */
  isEmpty(): Promise<boolean>;
  /** Whether something could be written now. */
  canWrite(): Promise<boolean>;
  close(): Promise<void>;
}

const OPEN = '.open';
const EMPTYING = '.emptying';

/** Small enough to be read at once. */
const SEGMENT_BYTES = 2 * 1024 * 1024;
const STORED_AT_ONCE = 200;

interface Segment {
  readonly path: string;
  readonly file: FileHandle;
  readonly inode: number;
  bytes: number;
}

export async function openSpool(folder: string, log: Logger): Promise<Spool> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => {
    log.warn({ err: error, folder }, 'there is no spool: while Redis is away, pushes are answered 503');
  });
  let segment: Segment | undefined;
  let last = 0;
  /** Appends are one after the other, so that a failed one can be cut off again. */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = turn.then(task);
    turn = done.catch(() => {});
    return done;
  }

  async function append(pushes: readonly ReceivedPush[]): Promise<void> {
    const lines = Buffer.from(pushes.map(lineOf).join(''), 'latin1');
    // Once more where another process has begun to empty the segment meanwhile.
    while (!(await written(lines))) segment = undefined;
  }

  async function written(lines: Buffer): Promise<boolean> {
    segment ??= await newSegment();
    const { file, path, inode, bytes } = segment;
    try {
      await writeWhole(file, lines, bytes);
      await file.datasync();
    } catch (cause) {
      // A half-written line was never acknowledged, and nothing may follow it.
      await file.truncate(bytes).catch(leaveSegment);
      throw cause;
    }
    segment.bytes += lines.length;
    const isStillOurs = (await stat(path).catch(() => undefined))?.ino === inode;
    if (!isStillOurs || segment.bytes >= SEGMENT_BYTES) await leaveSegment();
    return isStillOurs;
  }

  async function leaveSegment(): Promise<void> {
    const left = segment;
    segment = undefined;
    await left?.file.close().catch(() => {});
  }

  async function newSegment(): Promise<Segment> {
    last = Math.max(Date.now(), last + 1);
    const path = join(folder, `${last}-${randomBytes(4).toString('hex')}${OPEN}`);
    const file = await open(path, 'wx', 0o600);
    await syncFolder(folder);
    return { path, file, inode: (await file.stat()).ino, bytes: 0 };
  }

  async function empty(store: Pick<Pushes, 'store' | 'storedOf'>): Promise<number> {
    // The segment of this process is closed between two appends, so that no push of it is written twice.
    await inTurn(leaveSegment);
    let count = 0;
    for (const name of await segments(folder)) {
      if (segment !== undefined && join(folder, name) === segment.path) continue;
      const path = await claim(folder, name);
      if (path !== undefined) count += await storeSegment(path, store, log);
    }
    return count;
  }

  return {
    append: (pushes) => inTurn(() => append(pushes)),
    settled: () => inTurn(async () => {}),
    empty,
    isEmpty: async () => (await segments(folder)).length === 0,
    async canWrite() {
      const path = join(folder, `${randomBytes(4).toString('hex')}.probe`);
      try {
        const file = await open(path, 'wx', 0o600);
        try {
          await file.write('probe');
          await file.datasync();
        } finally {
          await file.close();
          await unlink(path);
        }
        return true;
      } catch {
        return false;
      }
    },
    close: () => inTurn(leaveSegment),
  };
}

/** A disk that is nearly full accepts the first part of a write without an error, and refuses the next part. */
async function writeWhole(file: FileHandle, bytes: Buffer, from: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, from + done)).bytesWritten;
  }
}

/** Segments in the order in which they were begun. */
async function segments(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(OPEN) || name.endsWith(EMPTYING)).sort();
}

/** Renames the segment; its writer then begins another one. Undefined if another process was faster. */
async function claim(folder: string, name: string): Promise<string | undefined> {
  if (name.endsWith(EMPTYING)) return join(folder, name);
  const path = join(folder, `${name.slice(0, -OPEN.length)}${EMPTYING}`);
  try {
    await rename(join(folder, name), path);
    return path;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

async function storeSegment(
  path: string,
  { store, storedOf }: Pick<Pushes, 'store' | 'storedOf'>,
  log: Logger,
): Promise<number> {
  const text = await readFile(path, 'latin1').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (text === undefined) return 0;
  const name = path.slice(path.lastIndexOf('/') + 1, -EMPTYING.length);
  // Text after the last line end was cut off by a crash, and was never acknowledged.
  const pushes = text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => pushFrom(line, name, log));
  let stored = await storedOf(name);
  const before = stored;
  while (stored < pushes.length) {
    stored = await store(pushes.slice(stored, stored + STORED_AT_ONCE), { segment: name, stored });
  }
  await unlink(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
  });
  return pushes.length - before;
}

function lineOf({ body, ...push }: ReceivedPush): string {
  const line = { ...push, body: body.toString('base64') };
  // One byte a character: other characters than ASCII are escaped.
  return `${JSON.stringify(line).replace(/[\u0080-\uffff]/g, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function pushFrom(line: string, segment: string, log: Logger): ReceivedPush[] {
  try {
    const { body, ...rest } = JSON.parse(line) as Omit<ReceivedPush, 'body'> & { body: string };
    return [{ ...rest, body: Buffer.from(body, 'base64') }];
  } catch {
    log.error({ segment }, 'a line of the spool cannot be read: the disk has damaged it');
    return [];
  }
}

/** A file is found after a power cut only if its folder was synced too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
