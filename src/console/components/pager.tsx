import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { WORDS } from '../words.js';

interface Props {
  readonly view: View;
  readonly path: string;
  /** The parameter that numbers the pages. */
  readonly by: string;
  /** Its value for the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** Of a page that ends before every row was looked at. */
export const NONE_SO_FAR: Words = {
  en: 'None among the rows that were read so far. The next page goes on.',
  zh: '已读取的行中没有符合条件的，下一页继续查找。',
};

/** Back is the browser's own; the other parameters of the address stay. */
export function Pager({ view, path, by, next }: Props) {
  const isFirst = !view.query.has(by);
  if (isFirst && next === undefined) return null;
  return (
    <p class="pager">
      {!isFirst && <a href={addressWith(path, view.query, by, undefined)}>{`« ${view.say(WORDS.first)}`}</a>}
      {next !== undefined && (
        <a rel="next" href={addressWith(path, view.query, by, next)}>{`${view.say(WORDS.next)} ›`}</a>
      )}
    </p>
  );
}

/** The same address with another value of one parameter, or without it. */
export function addressWith(path: string, query: URLSearchParams, name: string, value: string | undefined): string {
  const changed = new URLSearchParams(query);
  if (value === undefined) changed.delete(name);
  else changed.set(name, value);
  const text = changed.toString();
  return text === '' ? path : `${path}?${text}`;
}
