/**
 * Sheets that were uploaded and are not loaded yet: a folder each under FASTREGISTER_HOME, for a day. The ledger knows nothing of
 * them. What a file says is never part of a path: the folder has a random name, its files have numbers.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../../settings.js';
import { RequestError } from '../request-error.js';

export const UPLOAD_LIMITS = {
  files: 20,
  bytesOfFile: 50 * 1024 ** 2,
  rowsOfFile: 1_000_000,
  /** Of all uploads that wait. */
  bytesInAll: 2 * 1024 ** 3,
  /** Uploads that wait. Each is looked at for every new one, and is a row of a page: ten thousand took 6 s and 500 MB. */
  waiting: 500,
} as const;

/** An upload that is not started is removed after this. */
export const KEPT_MS = 86_400_000;

export interface UploadedFile {
  /** As it is shown, and as the batch is called. */
  readonly name: string;
  readonly bytes: number;
}

export interface Upload {
  readonly id: string;
  readonly user: string;
  /** ms since 1970 */
  readonly at: number;
  readonly files: readonly UploadedFile[];
  readonly folder: string;
}

type Home = Pick<Settings, 'home' | 'ledger'>;

/** Of the ledger: what was uploaded for a rehearsal is not started in another one. */
const folderOf = ({ home, ledger }: Home): string => join(home, 'uploads', ledger);

const ABOUT = 'about.json';

export const sheetPath = ({ folder }: Pick<Upload, 'folder'>, at: number): string => join(folder, `${at}.sheet`);

/** An upload whose files are not here yet: no page shows it. */
export interface Draft {
  readonly id: string;
  pathOf(at: number): string;
  finish(user: string, files: readonly UploadedFile[], now: number): Promise<Upload>;
  drop(): Promise<void>;
}

/** @throws RequestError where too much waits already */
export async function openDraft(settings: Home): Promise<Draft> {
  const waiting = await keptUploads(settings);
  if (waiting.length >= UPLOAD_LIMITS.waiting) throw new RequestError('refused', TOO_MANY);
  const bytes = waiting.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > UPLOAD_LIMITS.bytesInAll) throw new RequestError('refused', FULL);
  const id = `u${randomBytes(8).toString('hex')}`;
  const folder = join(folderOf(settings), id);
  await mkdir(folderOf(settings), { recursive: true, mode: 0o700 });
  await mkdir(folder, { mode: 0o700 });
  return {
    id,
    pathOf: (at) => sheetPath({ folder }, at),
    async finish(user, files, now) {
      const about = { user, at: now, files };
      await writeState({ folder }, ABOUT, about);
      return { id, folder, ...about };
    },
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

/** @throws RequestError where there is none, or no longer */
export async function findUpload(settings: Home, id: string, now: number): Promise<Upload> {
  const upload = await readUpload(settings, id);
  if (upload === undefined || isOver(upload, now, await isStarted(upload))) throw new RequestError('not_found', GONE);
  return upload;
}

/** The newest first. */
export async function listUploads(settings: Home, now: number, withinMs: number = KEPT_MS): Promise<Upload[]> {
  const uploads = await Promise.all((await namesIn(folderOf(settings))).map((id) => readUpload(settings, id)));
  return uploads
    .filter((it) => it !== undefined)
    .filter((it) => now - it.at < withinMs)
    .sort((a, b) => b.at - a.at);
}

/** Those whose sheets are kept: of what is loaded, only that it was is known. */
async function keptUploads(settings: Home): Promise<Upload[]> {
  const uploads = await listUploads(settings, Date.now());
  const done = await Promise.all(uploads.map((it) => readState(it, 'done.json')));
  return uploads.filter((_, at) => done[at] === undefined);
}

export async function removeUpload({ folder }: Upload): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** What was not started in a day; what was loaded a day ago; and what a process left that ended in the middle of an upload. */
export async function removeOldUploads(settings: Home, now: number): Promise<number> {
  let removed = 0;
  for (const id of await namesIn(folderOf(settings))) {
    const folder = join(folderOf(settings), id);
    const upload = await readUpload(settings, id);
    const at = upload?.at ?? (await stat(folder).catch(() => undefined))?.mtimeMs;
    if (at === undefined || !isOver({ at }, now, upload !== undefined && (await isStarted(upload)))) continue;
    await rm(folder, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/** What was started and is not loaded yet goes on, however old it is. */
function isOver({ at }: Pick<Upload, 'at'>, now: number, started: boolean): boolean {
  return now - at >= KEPT_MS && !started;
}

async function isStarted(upload: Upload): Promise<boolean> {
  return (await readState(upload, 'start.json')) !== undefined && (await readState(upload, 'done.json')) === undefined;
}

async function readUpload(settings: Home, id: string): Promise<Upload | undefined> {
  if (!/^u[0-9a-f]{16}$/.test(id)) return undefined;
  const folder = join(folderOf(settings), id);
  const about = await readState<Omit<Upload, 'id' | 'folder'>>({ folder }, ABOUT);
  return about === undefined ? undefined : { ...about, id, folder };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

// --- what is known of an upload, as files beside its sheets ----------------------------------------------------------

export async function readState<T>({ folder }: Pick<Upload, 'folder'>, name: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
  } catch (error) {
    // A file that a full disk, or a power cut, has left empty says nothing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whole or not at all. */
export async function writeState({ folder }: Pick<Upload, 'folder'>, name: string, state: unknown): Promise<void> {
  const whole = await written(folder, name, state);
  await rename(whole, join(folder, name));
}

/** Whole or not at all, too. False: there is one already. */
export async function claimState(upload: Pick<Upload, 'folder'>, name: string, state: unknown): Promise<boolean> {
  const whole = await written(upload.folder, name, state);
  try {
    await link(whole, join(upload.folder, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

/** Answers where it lies, under a name that no page looks for. */
async function written(folder: string, name: string, state: unknown): Promise<string> {
  const path = join(folder, `.${name}.${randomBytes(4).toString('hex')}`);
  try {
    await writeFile(path, JSON.stringify(state), { mode: 0o600, flag: 'wx' });
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

export async function dropState({ folder }: Pick<Upload, 'folder'>, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
}

/** Everything but what is said of it. */
export async function dropSheets(upload: Upload): Promise<void> {
  for (const name of await namesIn(upload.folder)) {
    if (![ABOUT, 'start.json', 'done.json'].includes(name)) await rm(join(upload.folder, name), { force: true });
  }
}

const GONE = {
  en: 'This upload is not here: it was removed, or a day is over in which it was not started. Upload the file again.',
  zh: '没有此上传：已被删除，或超过一天未启动。请重新上传文件。',
};

const TOO_MANY = {
  en: `${UPLOAD_LIMITS.waiting} uploads wait to be started. Start or remove some of them first.`,
  zh: `待启动的上传已达 ${UPLOAD_LIMITS.waiting} 个，请先启动或删除其中一些。`,
};

const FULL = {
  en: 'Uploads of 2 GB wait to be started. Start or remove some of them first.',
  zh: '待启动的上传已达 2 GB，请先启动或删除其中一些。',
};
