/**
 * A sheet as an office saved it: CSV in any usual encoding, or XLSX; its headings found, its rows in pages. It is read in a
 * separate thread: whatever the file does to its reader, the main thread goes on answering WeChat.
 */
import type { Field } from '../../domain/columns.js';
import type { SheetRow } from '../../domain/sheet-row.js';
import type { PageToAccept, WantedPages } from '../pages-to-accept.js';
import type { ReadingThread } from './reading-thread.js';
import { giveBackReadingThread, takeReadingThread } from './reading-threads.js';
import type { SheetFacts } from './sheet-facts.js';

export interface Sheet extends SheetFacts {
  /** Each call begins again at the first row. */
  rows(): AsyncIterable<SheetRow[]>;
  /** The rows as `load` wants them; a sheet that is not a file has none. */
  pagesToAccept?(wanted: WantedPages): AsyncIterable<PageToAccept>;
}

export interface OpenSheetOptions {
  /** The columns without which the file is refused: `requiredFields(needs)`. */
  readonly required?: readonly Field[];
}

let opened = 0;

/** Throws a SheetError, in one line, where there is no sheet of merchants in the file. */
export async function openSheet(path: string, options: OpenSheetOptions = {}): Promise<Sheet> {
  opened += 1;
  const wanted = { id: opened, path, required: options.required ?? ['name', 'code'] };
  const thread = await takeReadingThread(wanted.id);
  try {
    const facts = await thread.open(wanted);
    const rows = { ...wanted, digest: facts.digest };
    return {
      ...facts,
      rows: () => fromThread(rows.id, (it) => it.pages(rows)),
      pagesToAccept: (pages) => fromThread(rows.id, (it) => it.pagesToAccept(rows, pages)),
    };
  } finally {
    giveBackReadingThread(thread);
  }
}

async function* fromThread<Page>(
  id: number,
  read: (thread: ReadingThread) => AsyncIterable<Page>,
): AsyncGenerator<Page> {
  const thread = await takeReadingThread(id);
  try {
    yield* read(thread);
  } finally {
    giveBackReadingThread(thread);
  }
}
