/**
 * A copy, on the disk of this machine, of what Redis acknowledged and may forget: every create before it is sent, every answer,
 * and every push before we answer `success`. If Redis loses its last second, or fails over to a replica that lags, this is
 * recorded again (loss.ts). Entries are written and not synced: they guard against a loss of Redis' data, not of this disk's.
 *
 * A journal is a folder of files, one for each process and hour. Its lines are those of journal-lines.ts.
 * Nothing in it names a merchant: WeChat's words and links are sealed, and WeChat has encrypted pushes.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as untilTheLoopTurns } from 'node:timers/promises';
import type { ReceivedPush } from '../../domain/push.js';
import { joined, UserError, type Words } from '../../domain/words.js';
import type { Log } from '../server/connection.js';
import type { Vault } from '../vault.js';
import { journalFolder } from './journal-key.js';
import {
  bytesOfPushes,
  entriesIn,
  type JournalEntry,
  type JournaledPush,
  linesOf,
  linesOfEntries,
  pushIn,
} from './journal-lines.js';

export const JOURNAL_LIVES_MS = 86_400_000;

const FILE_LIVES_MS = 3_600_000;
const FILE_BYTES = 16 * 1024 * 1024;
/** A day of a platform takes some megabytes; the limit keeps a journal from filling the disk. */
const MOST_FILES = 64;

/** A disk that is nearly full takes some bytes. */
const TRIAL = Buffer.alloc(64 * 1024);

export interface Journal {
  /** The id of the folder: processes with the same id read what all of them have written, whatever their path or machine. */
  readonly id: string;
  /** The entry is on disk when this resolves, with all other entries of the same moment; rejects if it cannot be written. */
  write(entry: JournalEntry): Promise<void>;
  /** The pushes are on disk when this returns. Old pushes are left out, because they are never recorded. */
  writePushes(pushes: readonly ReceivedPush[]): void;
  /** @throws where entries cannot be written */
  tryToWrite(): void;
  /** The entries that processes of this folder have written in the last day, oldest first. */
  read(): { readonly entries: JournalEntry[]; readonly pushes: JournaledPush[] };
  close(): void;
}

export interface JournalOptions {
  readonly home: string;
  /** The key from which registration ids are made (ledger-key.ts): each ledger has its own journal. */
  readonly ledgerKey: string;
  readonly vault: Vault;
  readonly now: () => number;
  readonly log: Log;
}

/** Exit status 2. */
export class HomeUnwritable extends UserError {
  override readonly name = 'HomeUnwritable';

  constructor(home: string, cause: unknown) {
    super(joined([homeUnwritable(home, cause), LET_HOME_BE_WRITTEN]), { cause });
  }
}

export function homeUnwritable(home: string, cause: unknown): Words {
  const { message } = cause as Error;
  return {
    en: `FASTREGISTER_HOME (${home}) cannot be written: ${message}.`,
    zh: `无法写入 FASTREGISTER_HOME（${home}）：${message}。`,
  };
}

export const LET_HOME_BE_WRITTEN: Words = {
  en: 'Make room on that disk, let this user write there, or name another folder, always the same one.',
  zh: '请清理磁盘空间、开放当前用户的写入权限，或改用其他文件夹（以后须始终使用同一个）。',
};

interface OpenFile {
  readonly handle: number;
  readonly openedAt: number;
  bytes: number;
}

export function openJournal({ home, ledgerKey, vault, now, log }: JournalOptions): Journal {
  const folder = journalFolder(home, ledgerKey);
  const id = idOfMade(folder, home);
  let file: OpenFile | undefined;
  let waiting: { readonly entries: JournalEntry[]; readonly written: Promise<void> } | undefined;

  function append(bytes: Buffer): void {
    if (file !== undefined && (file.bytes >= FILE_BYTES || now() - file.openedAt >= FILE_LIVES_MS)) close();
    if (file === undefined) {
      forgetOld(folder, now());
      const openedAt = now();
      file = { handle: openSync(join(folder, nameAt(openedAt)), 'ax', 0o600), openedAt, bytes: 0 };
    }
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file.handle, bytes, done);
    } catch (cause) {
      // A full disk takes the first part of a line. The next line would go on from there, and could not be read.
      cutBack(file);
      throw cause;
    }
    file.bytes += bytes.length;
  }

  function cutBack({ handle, bytes }: OpenFile): void {
    try {
      ftruncateSync(handle, bytes);
    } catch {
      close();
    }
  }

  function close(): void {
    if (file !== undefined) closeSync(file.handle);
    file = undefined;
  }

  function writeWaiting(): void {
    const entries = waiting?.entries ?? [];
    waiting = undefined;
    append(Buffer.from(linesOfEntries(entries, vault)));
  }

  return {
    id,

    write(entry) {
      waiting ??= { entries: [], written: untilTheLoopTurns().then(writeWaiting) };
      waiting.entries.push(entry);
      return waiting.written;
    },

    writePushes(pushes) {
      const taken = pushes.filter(({ isOld }) => isOld !== true);
      if (taken.length > 0) append(bytesOfPushes(taken, now()));
    },

    tryToWrite: () => tryToWriteIn(folder),

    read() {
      const since = now() - JOURNAL_LIVES_MS;
      const lines = journalFiles(folder)
        .flatMap((name) => linesOf(join(folder, name)))
        .filter(({ at, w = at }) => w >= since)
        .sort((one, other) => one.at - other.at);
      let closed = 0;
      const entries = lines.flatMap((line) => {
        const read = entriesIn(line, vault);
        if (read === undefined) closed += line.n ?? 1;
        return read ?? [];
      });
      if (closed > 0) {
        log.warn(
          { entries: closed },
          'entries of the journal were sealed with another key; keep FASTREGISTER_SECRET_KEY_PREVIOUS for a day after a change',
        );
      }
      return { entries, pushes: lines.flatMap(pushIn) };
    },

    close,
  };
}

/** Writes as much as the entries of a moment take, and removes it. @throws where that cannot be written */
export function tryToWriteIn(folder: string): void {
  const path = join(folder, `${randomBytes(4).toString('hex')}.trial`);
  try {
    writeFileSync(path, TRIAL, { mode: 0o600 });
  } finally {
    rmSync(path, { force: true });
  }
}

/** @throws HomeUnwritable */
function idOfMade(folder: string, home: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return idOf(folder);
  } catch (cause) {
    throw new HomeUnwritable(home, cause);
  }
}

/** A full disk: the receiver can store pushes in Redis all the same, and the worker waits for room. */
const FULL = ['ENOSPC', 'EDQUOT'];

/** The first process creates the id. */
function idOf(folder: string): string {
  const path = join(folder, 'id');
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(own, `${randomBytes(6).toString('hex')}\n`, { mode: 0o600 });
    linkSync(own, path);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && !(FULL.includes(code) && existsSync(path))) throw cause;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(path, 'utf8').trim();
}

/** Files in the order in which they were begun. */
function journalFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

function nameAt(time: number): string {
  return `${time}-${randomBytes(4).toString('hex')}.jsonl`;
}

/** Files that were not written to for a day, and the oldest of too many. */
function forgetOld(folder: string, now: number): void {
  const names = journalFiles(folder);
  const tooMany = names.length - MOST_FILES;
  names.forEach((name, at) => {
    const path = join(folder, name);
    try {
      if (at < tooMany || statSync(path).mtimeMs < now - JOURNAL_LIVES_MS) unlinkSync(path);
    } catch {
      // Another process was faster.
    }
  });
}
