/**
 * A copy, on the disk of this machine, of what Redis acknowledged and may forget: every create before it is sent, every answer,
 * and every push before we answer `success`. If Redis loses its last second, or fails over to a replica that lags, this is
 * recorded again (loss.ts). Entries are written and not synced: they guard against a loss of Redis' data, not of this disk's.
 *
 * A journal is a folder of files, one for each process and hour. A line is a create, the answers of a moment, or the pushes of one.
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
import type { Fact } from '../../domain/registration.js';
import { joined, UserError, type Words } from '../../domain/words.js';
import type { Log } from '../server/connection.js';
import type { Vault } from '../vault.js';
import { journalFolder } from './journal-key.js';

export const JOURNAL_LIVES_MS = 86_400_000;

/** The entry of a push that waited in the spool for longer than this has two times: when it came, and when it was written. */
const WAITED_LONG_MS = 60_000;

const FILE_LIVES_MS = 3_600_000;
const FILE_BYTES = 16 * 1024 * 1024;
/** A day of a platform takes some megabytes; the limit keeps a journal from filling the disk. */
const MOST_FILES = 64;

/** A disk that is nearly full takes some bytes. */
const TRIAL = Buffer.alloc(64 * 1024);

export interface JournalEntry {
  readonly registration: string;
  /** The write id that the fact has in the history. */
  readonly writeId: string;
  readonly fact: Fact;
  /** The quota day that was charged for a create. */
  readonly day?: string;
}

export type JournaledPush = Omit<ReceivedPush, 'isOld'>;

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

  /** Sealing and writing a line takes longer than all other work of a call, so the entries of a moment share one line. */
  function writeWaiting(): void {
    const entries = waiting?.entries ?? [];
    waiting = undefined;
    const sent = entries.filter(({ fact }) => fact.kind === 'create_sent');
    const others = entries.filter(({ fact }) => fact.kind !== 'create_sent');
    const jsonOf = openFactTexts();
    let lines = '';
    for (const { registration, writeId, fact, day } of sent) {
      lines += `${withFact({ at: fact.at, r: registration, m: writeId, d: day }, 'f', jsonOf(fact))}\n`;
    }
    if (others.length > 0) {
      const at = Math.max(...others.map(({ fact }) => fact.at));
      const texts = others.map(({ fact, ...entry }) => withFact(entry, 'fact', jsonOf(fact)));
      lines += `${JSON.stringify({ at, n: others.length, s: vault.seal(`[${texts.join()}]`, LABEL) })}\n`;
    }
    append(Buffer.from(lines));
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
      const pushes = lines.flatMap((line) => {
        const { at, createdAt, infoType = '', query = '', signature, t: ticket, body } = line;
        if (body === undefined) return [];
        // Earlier versions wrote a line for each push, with its body in Base64.
        const bytes = typeof body === 'string' ? Buffer.from(body, 'base64') : body;
        return [{ receivedAt: at, createdAt, infoType, query, signature, ticket, body: bytes }];
      });
      return { entries, pushes };
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

/** Facts as JSON. Entries of a moment mostly share one, and most of an entry is its fact. */
function openFactTexts(): (fact: Fact) => string {
  const texts = new Map<Fact, string>();
  return (fact) => {
    let text = texts.get(fact);
    if (text === undefined) {
      text = JSON.stringify(fact);
      texts.set(fact, text);
    }
    return text;
  };
}

function withFact(others: object, name: string, fact: string): string {
  return `${JSON.stringify(others).slice(0, -1)},"${name}":${fact}}`;
}

/** A line of the file: a create that is sent (r, m, d, f), n sealed entries (s), or the pushes of a moment (pushes). */
interface JournalLine {
  readonly at: number;
  /** When it was written, of a push that had waited in the spool. */
  readonly w?: number;
  readonly r?: string;
  readonly m?: string;
  readonly d?: string;
  readonly f?: Fact;
  readonly n?: number;
  readonly s?: string;
  readonly createdAt?: number;
  readonly infoType?: string;
  readonly query?: string;
  readonly signature?: string;
  /** The verify ticket, sealed as it came (component-store.ts). */
  readonly t?: string;
  readonly bytes?: number;
  readonly body?: Buffer | string;
  readonly pushes?: readonly JournalLine[];
}

const LABEL = 'journal';
const LINE_END = Buffer.from('\n');

/** A line, and behind it the bodies as they came: to make text of them would take longer than all other work. */
function bytesOfPushes(pushes: readonly JournaledPush[], now: number): Buffer {
  const fields = pushes.map(({ receivedAt: at, createdAt, infoType, query, signature, ticket, body }) => {
    const w = now - at > WAITED_LONG_MS ? now : undefined;
    return { at, w, createdAt, infoType, query, signature, t: ticket, bytes: body.length };
  });
  const line = Buffer.from(`${JSON.stringify({ pushes: fields })}\n`);
  return Buffer.concat([line, ...pushes.map(({ body }) => body), LINE_END]);
}

/** Undefined if the entries were sealed with another key. */
function entriesIn({ r, m = '', d, f, s }: JournalLine, vault: Vault): JournalEntry[] | undefined {
  if (r !== undefined)
    return f === undefined ? [] : [{ registration: r, writeId: m, fact: f, ...(d !== undefined && { day: d }) }];
  if (s === undefined) return [];
  try {
    return JSON.parse(vault.open(s, LABEL)) as JournalEntry[];
  } catch {
    return undefined;
  }
}

/** A process that was killed during a write has left a part of a line, or of what follows it: that call was never made. */
function linesOf(path: string): JournalLine[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    // Another process has deleted the file meanwhile.
    return [];
  }
  const lines: JournalLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_END, at);
    const line = lineFrom(bytes.toString('utf8', at, end < 0 ? undefined : end));
    at = end < 0 ? bytes.length : end + 1;
    for (const push of line?.pushes ?? []) {
      const body = bytes.subarray(at, at + (push.bytes ?? 0));
      if (body.length === push.bytes) lines.push({ ...push, body });
      at += push.bytes ?? 0;
    }
    if (line !== undefined && line.pushes === undefined) lines.push(line);
  }
  return lines;
}

function lineFrom(text: string): JournalLine | undefined {
  try {
    return JSON.parse(text) as JournalLine;
  } catch {
    return undefined;
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
