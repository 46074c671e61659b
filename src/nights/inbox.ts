/** The folder into which an office puts its sheets: which of them are complete, and where they go when they were taken. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Nobody writes into a file that has not changed for so long; a `.ready` beside it says so at once. */
const QUIET_MS = 60_000;
const READY = '.ready';

/** Names of the files that are complete, in order. What spreadsheet programs leave beside an open file is none. */
export async function completeFiles(inbox: string, now: number): Promise<string[]> {
  const entries = await readdir(inbox, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const complete: string[] = [];
  for (const name of names.filter(isSheetName)) {
    if (names.includes(name + READY) || (await isQuiet(join(inbox, name), now))) complete.push(name);
  }
  return complete.sort();
}

function isSheetName(name: string): boolean {
  return !name.startsWith('.') && !name.startsWith('~$') && !name.endsWith(READY);
}

/** A copy can bring an old time of its content with it; the time of its inode is that of the last write. */
async function isQuiet(file: string, now: number): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && now - Math.max(found.mtimeMs, found.ctimeMs) >= QUIET_MS;
}

/** What tells a file from another one that is put in its place; undefined where it is gone. */
export async function standOf(path: string): Promise<{ path: string; size: number; mtimeMs: number } | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && { path, size: found.size, mtimeMs: found.mtimeMs };
}

export type Shelf = 'done' | 'rejected';

/** Moves a file of the inbox away, beside those of that date, and answers where it is now. None is overwritten. */
export async function putAway(inbox: string, shelf: Shelf, date: string, name: string): Promise<string> {
  await folderOf(inbox, shelf, date);
  const moved = freePlace(inbox, shelf, date, name);
  await rename(join(inbox, name), moved);
  await unlink(join(inbox, name + READY)).catch(() => {});
  return moved;
}

export async function folderOf(inbox: string, shelf: Shelf, date: string): Promise<string> {
  const folder = join(inbox, shelf, date);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Says beside a rejected file what is wrong with it. */
export async function writeWhy(moved: string, why: string): Promise<void> {
  await writeFile(`${moved}.why.txt`, `${why}\n`);
}

/** The report of a file of the inbox lies beside it. */
export function reportOf(file: string): string {
  return `${file}.report.csv`;
}

/** `a.csv`, else `a (2).csv`, …: where neither such a file lies nor the report of one. */
export function freePlace(inbox: string, shelf: Shelf, date: string, name: string): string {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 1; ; number += 1) {
    const file = join(inbox, shelf, date, number === 1 ? name : `${stem} (${number})${extension}`);
    if (!existsSync(file) && !existsSync(reportOf(file))) return file;
  }
}
