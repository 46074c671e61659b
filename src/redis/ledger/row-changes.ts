/** What a fact changes for the rows of sheets that name the registration: which outcome each row shows and counts as. */

import { countedAs, countedWhileWaiting } from '../../domain/batch.js';
import { isEarlierEndUnknown, type Registration } from '../../domain/registration.js';
import { keptOutcomeText } from './registration-fields.js';
import { RELATION_CODES } from './relation-codes.js';

/** The change of one row, as prelude.lua writes it. */
export type RowChange = readonly [
  /** `batch/index` */
  pointer: string,
  /** The row's relation to the registration from now on (batches.ts, `Relation`); '' for no change. */
  relation: string,
  /** The names under which its batch counts it, before and after. */
  countedBefore: string,
  countedAfter: string,
  /** The outcome that the row keeps, whatever becomes of the registration (page.lua); '' if it shows the registration's outcome. */
  kept: string,
];

/** What a fact does to a registration, and which waiting row takes its turn in the same step. */
export interface Course {
  readonly before: Registration;
  /** Before its rows changed: with the fact, where a waiting row has taken its turn after it. */
  readonly last: Registration;
  readonly after: Registration;
  /** True: another row is sent in place of its rows. */
  readonly replaces: boolean;
}

/** Undefined if every row goes on showing the registration: the usual case, in which counting the new state is enough. */
export function rowChanges(course: Course): readonly RowChange[] | undefined {
  const { before, after } = course;
  if (before.row === after.row && before.joinedRows === after.joinedRows && before.waitingRows.length === 0)
    return undefined;
  return [
    ...[before.row, ...before.joinedRows].map((pointer) => changeOfOwn(pointer, course)),
    ...before.waitingRows.map((pointer) => changeOfWaiting(pointer, course)),
  ];
}

function changeOfOwn(pointer: string, { before, last, after, replaces }: Course): RowChange {
  const was = countOf(before);
  if (isOwn(after, pointer)) return [pointer, '', was, countOf(after), ''];
  // It was sent, so it was not withdrawn: what became of it is as unknown as before.
  const staysInReview = replaces && before.state === 'needs_review' && isEarlierEndUnknown(last);
  if (staysInReview) return [pointer, '', was, 'needs_review', keptOutcomeText(before)];
  if (replaces) return [pointer, replacedBy(before.id, after.row, before.attempt), was, 'cancelled', ''];
  return [pointer, '', was, countOf(last), keptOutcomeText(last)];
}

function changeOfWaiting(pointer: string, { before, after }: Course): RowChange {
  const was = countedWhileWaiting(before.state);
  if (isOwn(after, pointer)) return [pointer, RELATION_CODES.registered + after.id, was, countOf(after), ''];
  if (after.waitingRows.includes(pointer)) return [pointer, '', was, countedWhileWaiting(after.state), ''];
  if (after.state === 'created') return [pointer, createdBefore(after), was, 'already_created', ''];
  return [pointer, replacedBy(after.id, after.waitingRows[0] ?? ''), was, 'cancelled', ''];
}

function isOwn({ row, joinedRows }: Registration, pointer: string): boolean {
  return row === pointer || joinedRows.includes(pointer);
}

/** The relation of a row that was just accepted, and the name under which it is counted. */
export function newRow(pointer: string, registration: Registration): { relation: string; counted: string } {
  if (registration.waitingRows.includes(pointer)) {
    return { relation: RELATION_CODES.waits + registration.id, counted: countedWhileWaiting(registration.state) };
  }
  if (isOwn(registration, pointer))
    return { relation: RELATION_CODES.registered + registration.id, counted: countOf(registration) };
  return { relation: createdBefore(registration), counted: 'already_created' };
}

function countOf({ state, wait }: Registration): string {
  return countedAs(state, wait);
}

/** `pointer`: the newer row; '' if an operator withdrew the row. `attempts`: earlier attempts. */
function replacedBy(id: string, pointer: string, attempts = 0): string {
  const replaced = `${RELATION_CODES.replaced}${id}|${pointer}`;
  return attempts === 0 ? replaced : `${replaced}|${attempts}`;
}

function createdBefore({ id, appid, earlierAppids }: Registration): string {
  return `${RELATION_CODES.already_created}${id}|${appid ?? earlierAppids?.at(-1) ?? ''}`;
}
