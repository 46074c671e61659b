/** Messages between the thread that reads sheets and the main thread. */
import type { Field } from '../../domain/columns.js';
import type { Words } from '../../domain/words.js';
import type { PageToAccept, WantedPages } from '../pages-to-accept.js';
import type { PostedPage } from './pages.js';
import type { SheetFacts } from './sheet-facts.js';

export interface WantedSheet {
  /** Of the sheet, in this process. */
  readonly id: number;
  readonly path: string;
  readonly required: readonly Field[];
}

export interface WantedRows extends WantedSheet {
  /** Of the file that was opened. */
  readonly digest: string;
}

export type ToReader =
  | ({ readonly kind: 'open' } & WantedSheet)
  /** `pages`: how many pages to send at first. `toAccept`: checked and packed. */
  | ({ readonly kind: 'rows'; readonly pages: number; readonly toAccept?: WantedPages } & WantedRows)
  /** A page was taken: send one more. */
  | { readonly kind: 'more' }
  | { readonly kind: 'stop' };

export type FromReader =
  | { readonly kind: 'opened'; readonly facts: SheetFacts }
  | { readonly kind: 'page'; readonly page: PostedPage | PageToAccept }
  | ReadingEnd;

/** `heapBytes`: the memory of the thread. */
export type ReadingEnd = { readonly heapBytes: number } & (
  | // The rows end here, or were stopped.
  { readonly kind: 'ended' }
  | { readonly kind: 'refused'; readonly words: Words; readonly cause?: string }
  | { readonly kind: 'failed'; readonly message: string; readonly stack?: string; readonly code?: string }
);
