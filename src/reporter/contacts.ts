/** The contacts of a merchant, as the columns of its sheet have them. */
import type { Batch } from '../domain/batch.js';
import { readable } from '../domain/clean-cell.js';
import { isContactHeading } from '../domain/columns.js';
import type { Language, Words } from '../domain/words.js';

/** Our own columns are none: their phone is the platform's. */
function contactColumns(
  { headings, columns }: Pick<Batch, 'headings' | 'columns'>,
  named: readonly string[] | undefined,
): number[] {
  return headings.flatMap((heading, at) => {
    if (named !== undefined) return named.includes(heading.trim()) ? [at] : [];
    return isContactHeading(heading) && !columns.includes(at) ? [at] : [];
  });
}

const BETWEEN: Words = { en: '; ', zh: '；' };

/** Ready to be dialled; where there are several, each behind its heading. */
export function contactIn(
  batch: Pick<Batch, 'headings' | 'columns'>,
  cells: readonly string[],
  { contact, language }: { readonly contact?: readonly string[] | undefined; readonly language: Language },
): string {
  const found = contactColumns(batch, contact)
    .map((at) => [batch.headings[at] ?? '', cells[at] ?? ''].map((it) => readable(it).replace(/\s+/g, ' ')))
    .filter(([, cell]) => cell !== '');
  return found.map((it) => (found.length > 1 ? it.join(' ') : it[1])).join(BETWEEN[language]);
}
