/** The thread that reads sheets, one at a time: started and watched by `reading-thread.ts`. */
import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { memoryOf, packedToAccept, type WantedPages } from '../pages-to-accept.js';
import { packPage } from './pages.js';
import { type ReadSheet, readSheet } from './read-sheet.js';
import type { FromReader, ToReader, WantedRows, WantedSheet } from './reading-messages.js';
import { CHANGED_WHILE_READ, SheetError } from './sheet-error.js';

/** Sheets that were opened and may be read, the newest last. */
const known = new Map<number, ReadSheet>();
/** Memory that opened sheets may take together: a workbook keeps its texts, another sheet almost nothing. */
const KEPT_BYTES = 16 * 1024 ** 2;
const KEPT_SHEETS = 1_000;

/** How many pages may be sent before the first of them is processed. */
let pagesWanted = 0;
let isStopped = false;
let wake = (): void => {};

/** @param moved memory that this thread does not need any more */
function post(message: FromReader, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, moved);
}

async function opened({ id, path, required }: WantedSheet): Promise<ReadSheet> {
  const sheet = await readSheet(path, required);
  known.set(id, sheet);
  let keeps = 0;
  for (const one of known.values()) keeps += one.keeps;
  for (const [oldest, { keeps: its }] of known) {
    if (oldest === id || (keeps <= KEPT_BYTES && known.size <= KEPT_SHEETS)) break;
    known.delete(oldest);
    keeps -= its;
  }
  return sheet;
}

/** Opens the sheet again where it is no longer kept, or was opened in another thread. */
async function again(wanted: WantedRows): Promise<ReadSheet> {
  const kept = known.get(wanted.id);
  if (kept !== undefined) return kept;
  const sheet = await opened(wanted);
  if (sheet.facts.digest === wanted.digest) return sheet;
  throw new SheetError(CHANGED_WHILE_READ);
}

async function sendRows(sheet: ReadSheet, toAccept: WantedPages | undefined): Promise<void> {
  const rows = sheet.rows();
  if (toAccept === undefined) await sendPages(rows, (page) => post({ kind: 'page', page: packPage(page) }));
  else {
    const pages = packedToAccept(rows, sheet.facts.layout, toAccept);
    await sendPages(pages, (page) => post({ kind: 'page', page }, memoryOf(page)));
  }
  post({ kind: 'ended', heapBytes: heapBytes() });
}

async function sendPages<Page>(pages: AsyncIterable<Page>, send: (page: Page) => void): Promise<void> {
  for await (const page of pages) {
    while (pagesWanted === 0 && !isStopped) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (isStopped) return;
    pagesWanted -= 1;
    send(page);
  }
}

async function work(job: () => Promise<void>): Promise<void> {
  try {
    await job();
  } catch (error) {
    post(answerOf(error));
  }
}

function heapBytes(): number {
  const { total_heap_size, external_memory } = getHeapStatistics();
  return total_heap_size + external_memory;
}

function answerOf(error: unknown): FromReader {
  if (error instanceof SheetError) {
    const { words, cause } = error;
    return { kind: 'refused', heapBytes: heapBytes(), words, ...(cause !== undefined && { cause: String(cause) }) };
  }
  const { message, stack, code } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  const facts = { ...(stack !== undefined && { stack }), ...(code !== undefined && { code }) };
  return { kind: 'failed', heapBytes: heapBytes(), message, ...facts };
}

parentPort?.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'open':
      void work(async () => post({ kind: 'opened', facts: (await opened(message)).facts }));
      return;
    case 'rows':
      isStopped = false;
      pagesWanted = message.pages;
      void work(async () => sendRows(await again(message), message.toAccept));
      return;
    case 'more':
      pagesWanted += 1;
      wake();
      return;
    case 'stop':
      isStopped = true;
      wake();
  }
});
