/** What is known of a sheet once its headings are found. */
import type { Layout } from '../../domain/columns.js';
import type { Words } from '../../domain/words.js';
import type { Delimiter } from './csv-records.js';
import type { Encoding } from './encoding.js';

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
  /** The template's own row is there, and is not read. */
  readonly hasExample?: boolean;
  /** What the reader passed over, e.g. a hidden sheet. */
  readonly notes: readonly Words[];
}
