/** A report as a file: written completely or not at all, and never over another program's file. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { chmod, chown, type FileHandle, open, rename, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError, type Words } from '../domain/words.js';

/** The report cannot be put there; the words say what to do instead. */
export class OutputError extends UserError {
  override readonly name: string = 'OutputError';
}

/** The readers of a file with personal data: its owner only, unless it lies in a folder that others share. */
export interface Sharing {
  readonly mode: number;
  /** Absent: the group of the process. */
  readonly gid?: number;
}

const PRIVATE: Sharing = { mode: 0o600 };

/**
 * While a piece is written, the next one is made, and none further: so they may lie in two buffers by turns (csv.ts).
 * `shared`: in a folder into which others may write. A link that lies there in the file's place is replaced, never followed.
 *
 * @throws OutputError
 */
export async function writeWhole(
  file: string,
  pieces: AsyncIterable<string | Uint8Array>,
  overwrite: boolean,
  shared?: Sharing,
): Promise<void> {
  const place = shared === undefined ? whereItLies(file) : file;
  if (!overwrite && existsSync(place) && isFile(place)) {
    throw new OutputError({
      en: `${file} is there already. Name another file, or say --force.`,
      zh: `${file} 已存在。请换一个文件名，或加 --force。`,
    });
  }
  const half = join(dirname(place), halfOf(basename(place)));
  try {
    if (shared === undefined && isDevice(place)) return await writeFile(place, pieces);
    const { mode, gid } = shared ?? PRIVATE;
    await writePieces(await open(half, 'wx', PRIVATE.mode), pieces);
    if (gid !== undefined) await giveToGroup(half, gid);
    await chmod(half, mode);
    await rename(half, place);
  } catch (error) {
    await unlink(half).catch(() => {});
    throw cannotWrite(file, error);
  }
}

async function writePieces(to: FileHandle, pieces: AsyncIterable<string | Uint8Array>): Promise<void> {
  let written: Promise<void> | undefined;
  try {
    for await (const piece of pieces) {
      await written;
      written = to.writeFile(piece);
      // It is waited for before the next one.
      written.catch(() => {});
    }
    await written;
  } finally {
    await to.close();
  }
}

/** A name may have 255 bytes, and that of the whole file may have all of them. */
const SHOWN_OF_NAME = 40;

function halfOf(name: string): string {
  return `.${[...name].slice(0, SHOWN_OF_NAME).join('')}.${process.pid}.${Date.now()}.${randomBytes(4).toString('hex')}.half`;
}

/** Only root, or a member of the group, may; else the file has the group that the system gives it. */
export async function giveToGroup(file: string, gid: number): Promise<void> {
  await chown(file, -1, gid).catch(() => {});
}

/** Checked before the work begins, so that its report has a place. @throws OutputError */
export function refuseUnwritable(file: string): void {
  try {
    const place = whereItLies(file);
    accessSync(isDevice(place) ? place : dirname(place), constants.W_OK);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** What is said of an error of the file system; the error itself where nothing is known of it. */
export function cannotWrite(file: string | Words, error: unknown): unknown {
  const why = CANNOT_WRITE[(error as NodeJS.ErrnoException).code ?? ''];
  if (why === undefined) return error;
  const { en, zh } = typeof file === 'string' ? { en: file, zh: ` ${file}` } : file;
  return new OutputError(
    { en: `${en} cannot be written: ${why.en}`, zh: `无法写入${zh}：${why.zh}` },
    { cause: error },
  );
}

/** A link stays a link: what it points to is replaced. */
function whereItLies(file: string): string {
  return existsSync(file) ? realpathSync(file) : file;
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** /dev/stdout and its kin are written to; replacing such a file would take it from every process. */
function isDevice(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isFile() && !stat.isDirectory();
}

const NO_FOLDER: Words = {
  en: 'there is no such folder. Make it, or name another file.',
  zh: '文件夹不存在。请先建立，或换一个位置。',
};
const NOT_WRITABLE: Words = {
  en: 'its folder may not be written to. Name another file.',
  zh: '没有该文件夹的写入权限。请换一个位置。',
};

const FULL: Words = {
  en: 'the disk is full. Make room, and run the command again.',
  zh: '磁盘已满。请清理空间后重新运行。',
};

const CANNOT_WRITE: Readonly<Record<string, Words>> = {
  ENOENT: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
  EACCES: NOT_WRITABLE,
  EROFS: NOT_WRITABLE,
  EISDIR: { en: 'it is a folder. Name a file.', zh: '这是文件夹。请填写文件名。' },
  ENAMETOOLONG: { en: 'its name is too long. Name another file.', zh: '文件名过长。请换一个文件名。' },
  ELOOP: { en: 'a link on the way leads back to itself. Name another file.', zh: '路径中有循环链接。请换一个位置。' },
  ENOSPC: FULL,
  EDQUOT: FULL,
};
