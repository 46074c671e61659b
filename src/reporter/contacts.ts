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
export function contactsOf(
  batch: Pick<Batch, 'headings' | 'columns'>,
  { contact, language }: { readonly contact?: readonly string[] | undefined; readonly language: Language },
): (cells: readonly string[]) => string {
  const columns = contactColumns(batch, contact).map((at) => ({ at, heading: onOneLine(batch.headings[at]) }));
  return (cells) => {
    const found = columns.map(({ at, heading }) => [heading, onOneLine(cells[at])]).filter(([, cell]) => cell !== '');
    return found.map((it) => (found.length > 1 ? it.join(' ') : it[1])).join(BETWEEN[language]);
  };
}

function onOneLine(cell = ''): string {
  return readable(cell).replace(/\s+/g, ' ');
}
