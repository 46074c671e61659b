/**
 * A sheet as an office saved it: CSV in any usual encoding, or XLSX; its headings found, its rows in pages. It is read in a
 * thread: whatever the file does to its reader, this thread goes on answering WeChat.
 */
import type { SheetRow } from '../../domain/check-row.js';
import type { Field, Layout } from '../../domain/columns.js';
import type { Delimiter } from './csv-records.js';
import type { Encoding } from './encoding.js';
import type { WantedRows } from './reading-messages.js';
import { giveBackReadingThread, takeReadingThread } from './reading-threads.js';

export interface SheetFacts {
  readonly kind: 'csv' | 'xlsx';
  readonly encoding: Encoding;
  readonly delimiter?: Delimiter;
  /** SHA-256 of the file's bytes, in hex. */
  readonly digest: string;
  readonly bytes: number;
  /** As they came. */
  readonly headings: readonly string[];
  readonly layout: Layout;
  /** Line of the file (of a workbook: its row) where the headings begin, from 1. */
  readonly headingLine: number;
  /** What the reader passed over, e.g. a hidden sheet. */
  readonly notes: readonly string[];
}

export interface Sheet extends SheetFacts {
  /** From the first row again each time it is called. */
  rows(): AsyncIterable<SheetRow[]>;
}

export interface SheetOptions {
  /** The columns without which the file is refused: `requiredFields(needs)`. */
  readonly required?: readonly Field[];
}

let opened = 0;

/** Throws a SheetError, in one line, where there is no sheet of merchants in the file. */
export async function openSheet(path: string, options: SheetOptions = {}): Promise<Sheet> {
  opened += 1;
  const wanted = { id: opened, path, required: options.required ?? ['name', 'code'] };
  const thread = await takeReadingThread(wanted.id);
  try {
    const facts = await thread.open(wanted);
    return { ...facts, rows: () => rowsOf({ ...wanted, digest: facts.digest }) };
  } finally {
    giveBackReadingThread(thread);
  }
}

async function* rowsOf(wanted: WantedRows): AsyncGenerator<SheetRow[]> {
  const thread = await takeReadingThread(wanted.id);
  try {
    yield* thread.pages(wanted);
  } finally {
    giveBackReadingThread(thread);
  }
}
