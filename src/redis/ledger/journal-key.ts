/**
 * Beside each journal stands the key of its ledger. A Redis that was emptied gets that key again, though the secret key, from which the
 * key of a new ledger is derived, was changed since: with another one, nothing in the journal is about the merchants of the ledger.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerName } from './ledger-key.js';

const FILE = 'ledger.json';

/** `of`: which ledger, as a digest: no file of a journal has an address. */
interface JournalKey {
  readonly of: string;
  readonly key: string;
}

export interface RememberedKey {
  readonly key: string;
  /** When the journal was last written to, ms since 1970; 0: it is empty. */
  readonly writtenAt: number;
}

export function journalsUnder(home: string): string {
  return join(home, 'journal');
}

/** Each ledger has a journal of its own. */
export function journalFolder(home: string, ledgerKey: string): string {
  return join(journalsUnder(home), createHash('sha256').update(ledgerKey).digest('hex').slice(0, 16));
}

export function rememberKey(home: string, ledgerKey: string, name: LedgerName): void {
  const folder = journalFolder(home, ledgerKey);
  const text = `${JSON.stringify({ of: digestOf(name), key: ledgerKey } satisfies JournalKey)}\n`;
  const path = join(folder, FILE);
  if (textOf(path) === text) return;
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(own, text, { mode: 0o600 });
    renameSync(own, path);
  } catch {
    // On a full disk a receiver begins all the same. The key is written at the next start.
    rmSync(own, { force: true });
  }
}

/** The keys that this ledger has had, the one that was used last first: as a rule one, or none. */
export function rememberedKeys(home: string, name: LedgerName): RememberedKey[] {
  const of = digestOf(name);
  const found = foldersIn(journalsUnder(home)).flatMap((folder) => {
    const text = textOf(join(folder, FILE));
    const known = text === undefined ? undefined : keyFrom(text);
    return known?.of === of ? [{ key: known.key, writtenAt: lastWriteIn(folder) }] : [];
  });
  return found.sort((one, other) => other.writtenAt - one.writtenAt);
}

function digestOf({ component, api, ledger }: LedgerName): string {
  return createHash('sha256').update([component, api, ledger].join('\n')).digest('hex').slice(0, 16);
}

function foldersIn(journals: string): string[] {
  try {
    return readdirSync(journals).map((name) => join(journals, name));
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function keyFrom(text: string): JournalKey | undefined {
  try {
    const { of, key } = JSON.parse(text) as Partial<JournalKey>;
    return typeof of === 'string' && typeof key === 'string' ? { of, key } : undefined;
  } catch {
    return undefined;
  }
}

function lastWriteIn(folder: string): number {
  const times = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(0, ...times);
}
