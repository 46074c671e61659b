/** The folder into which an office puts its sheets: which of them are complete, and where a night puts them afterwards. */
import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { giveToGroup, type Sharing, writeWhole } from '../reporter/file.js';

/** A file that has not changed for this long is complete; a `.ready` file beside it makes it complete at once. */
const QUIET_MS = 60_000;
const READY = '.ready';

export interface Inbox {
  readonly complete: readonly string[];
  /** Changed less than a minute ago: it may still be written to. */
  readonly notReady: readonly string[];
  /** Folders, links and pipes with the name of a sheet. Nights do not read them. */
  readonly noFiles: readonly string[];
}

/** Names of sheets, in order, without the lock files that spreadsheet programs leave beside an open file. */
export async function filesOf(inbox: string, now: number): Promise<Inbox> {
  const entries = await readdir(inbox, { withFileTypes: true, encoding: 'buffer' });
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const names = new Set(files.filter(isUtf8).map(String));
  for (const name of files.filter((it) => !isUtf8(it))) await renameReadably(inbox, name, names);
  const complete: string[] = [];
  const notReady: string[] = [];
  for (const name of [...names].filter(isSheetName).sort()) {
    const isComplete = names.has(name + READY) || (await isQuiet(join(inbox, name), now));
    (isComplete ? complete : notReady).push(name);
  }
  const noFiles = entries
    .filter((entry) => !entry.isFile())
    .map(({ name }) => name.toString())
    .filter((name) => isSheetName(name) && SHEET.test(name));
  return { complete, notReady, noFiles: noFiles.sort() };
}

const SHEET = /\.(?:csv|tsv|txt|xls|xlsx|xlsm)$/i;

/**
 * Archives packed on Windows, and old FTP servers, leave file names in GBK. Decoded as UTF-8, such a name does not open the file.
 * The renamed file counts as just changed, and is taken a minute later.
 */
async function renameReadably(inbox: string, bytes: Buffer, taken: Set<string>): Promise<void> {
  const name = fromGbk(bytes);
  if (taken.has(name) || existsSync(join(inbox, name))) return;
  await rename(Buffer.concat([Buffer.from(`${inbox}/`), bytes]), join(inbox, name));
  taken.add(name);
}

function fromGbk(bytes: Buffer): string {
  try {
    return new TextDecoder('gb18030', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('utf8').replaceAll('\ufffd', '_');
  }
}

function isSheetName(name: string): boolean {
  return !name.startsWith('.') && !name.startsWith('~$') && !name.endsWith(READY);
}

/** A copy can keep an old modification time; the time of its inode is the time of the last write. */
async function isQuiet(file: string, now: number): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && now - Math.max(found.mtimeMs, found.ctimeMs) >= QUIET_MS;
}

/** If one of these differs, it is another file, or its content was changed. */
export interface FileStamp {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** Undefined where the file is gone. */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && { path, size: found.size, mtimeMs: found.mtimeMs, inode: found.ino };
}

export async function isUnchanged({ path, size, mtimeMs, inode }: FileStamp): Promise<boolean> {
  const now = await stampOf(path);
  return now !== undefined && now.size === size && now.mtimeMs === mtimeMs && now.inode === inode;
}

export type InboxFolder = 'done' | 'rejected';

/** Moves a file of the inbox into the folder of that date, and returns its new path. No file is overwritten. */
export async function putAway(inbox: string, folder: InboxFolder, date: string, name: string): Promise<string> {
  await folderOf(inbox, folder, date);
  const moved = freePlace(inbox, folder, date, name);
  await rename(join(inbox, name), moved);
  await unlink(join(inbox, name + READY)).catch(() => {});
  return moved;
}

/**
 * Clerks fill the inbox, and read its files afterwards: files get the inbox's group, and everybody who may read the
 * inbox may read them.
 * @throws Error if a link leads out of the inbox: it could name any file of this user
 */
export async function folderOf(inbox: string, folder: InboxFolder, date: string): Promise<string> {
  const { mode, gid } = await stat(inbox);
  for (const path of [join(inbox, folder), join(inbox, folder, date)]) {
    const made = await mkdir(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        return false;
      },
    );
    if ((await realpath(path)) !== join(await realpath(inbox), path.slice(inbox.length))) {
      throw new Error(`${path} is a link. Put a folder in its place: nights write nothing outside of the inbox.`);
    }
    if (!made) continue;
    await giveToGroup(path, gid);
    await chmod(path, mode & 0o7777);
  }
  return join(inbox, folder, date);
}

/** How files of this inbox are shared. */
export async function sharingOf(inbox: string): Promise<Sharing> {
  const { mode, gid } = await stat(inbox);
  return { mode: mode & 0o666, gid };
}

/** Writes a text beside a rejected file that says what is wrong with it. */
export async function writeWhy(inbox: string, moved: string, why: string): Promise<void> {
  await writeWhole(`${moved}.why.txt`, textOf(`${why}\n`), true, await sharingOf(inbox));
}

async function* textOf(text: string): AsyncGenerator<string> {
  yield text;
}

/** The report of a file of the inbox lies beside it. */
export function reportFileOf(file: string): string {
  return `${file}.report.csv`;
}

/** A name may have 255 bytes. The report's name, and that of a report that is still being written, are longer than the sheet's. */
const MOST_NAME_BYTES = 200;

/**
 * `a.csv`, else `a (2).csv`, …: the first name that neither a file nor a report has. A name that leaves no room for the name of its
 * report is cut.
 */
export function freePlace(inbox: string, folder: InboxFolder, date: string, name: string): string {
  const extension = cut(extname(name), MOST_NAME_BYTES / 2);
  const stem = cut(basename(name, extname(name)), MOST_NAME_BYTES - Buffer.byteLength(extension));
  for (let number = 1; ; number += 1) {
    const file = join(inbox, folder, date, `${stem}${number === 1 ? '' : ` (${number})`}${extension}`);
    if (!existsSync(file) && !existsSync(reportFileOf(file))) return file;
  }
}

/** Cuts at the end of a character. */
function cut(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    kept += character;
  }
  return kept;
}
