/**
 * How a registration is kept in its Redis hash: one line, one field. Absent fields have their usual value. The Lua scripts
 * get the short names when they are loaded (lua-constants.ts), so that they stand here alone.
 *
 * A registration without a fact has nothing but its row, and is a string, that row as a number: a page of them is made by one
 * MSETNX, at a third of what their hashes cost. Its first fact makes it a hash (prelude.lua, row_if_new).
 */
import { newRegistration, type Registration } from '../../domain/registration.js';

interface StoredField {
  readonly name: keyof Registration;
  readonly short: string;
  readonly read: (text: string) => unknown;
  readonly write?: (value: never) => string;
  /** The usual value, with which the field is not stored. */
  readonly usual?: unknown;
  /** True: a report needs this field. */
  readonly shown?: true;
}

const text = (value: string): string => value;

/** Text of WeChat or of a person must not contain the separators of a page (page.lua). */
const withoutJoints = (value: string): string => value.replaceAll('\u001e', ' ').replaceAll('\u001f', ' ');

/** Short names: a million registrations carry them. */
const FIELDS: readonly StoredField[] = [
  // A loaded row writes one field only, which saves Redis a third of the registration's hash.
  { name: 'state', short: 's', read: text, usual: 'queued', shown: true },
  { name: 'row', short: 'r', read: text },
  {
    name: 'joinedRows',
    short: 'joined',
    read: (rows) => rows.split(' ').filter(Boolean),
    write: (rows: readonly string[]) => rows.join(' '),
    usual: '',
  },
  {
    name: 'waitingRows',
    short: 'waiting',
    read: (rows) => rows.split(' ').filter(Boolean),
    write: (rows: readonly string[]) => rows.join(' '),
    usual: '',
  },
  { name: 'attempt', short: 'n', read: Number, usual: '0', shown: true },
  { name: 'task', short: 'task', read: text, usual: 'none' },
  { name: 'earlierTask', short: 'earlier', read: text, usual: 'none' },
  { name: 'earlierSentAt', short: 'earliersent', read: Number },
  { name: 'sentAt', short: 'sent', read: Number, shown: true },
  { name: 'byLink', short: 'bylink', read: () => true, write: () => '1', shown: true },
  { name: 'adoptsTask', short: 'adopts', read: () => true, write: () => '1' },
  { name: 'clockAheadMs', short: 'ahead', read: Number, usual: '0' },
  { name: 'heardAt', short: 'heard', read: Number },
  { name: 'postponed', short: 'postponed', read: Number, usual: '0' },
  { name: 'busySince', short: 'busysince', read: Number },
  { name: 'personSince', short: 'personsince', read: Number },
  { name: 'linksLost', short: 'linkslost', read: Number },
  { name: 'until', short: 'until', read: Number, shown: true },
  { name: 'wait', short: 'wait', read: text, shown: true },
  { name: 'problem', short: 'problem', read: text, write: withoutJoints, shown: true },
  { name: 'said', short: 'said', read: text, write: withoutJoints, shown: true },
  { name: 'appid', short: 'appid', read: text, write: withoutJoints, shown: true },
  {
    name: 'earlierAppids',
    short: 'earlierappids',
    read: (appids) => appids.split(' '),
    write: (appids: readonly string[]) => withoutJoints(appids.join(' ')),
  },
  { name: 'authorizer', short: 'authorizer', read: text },
  { name: 'taskId', short: 'tid', read: text },
  { name: 'authorizeUrl', short: 'url', read: text, write: withoutJoints, shown: true },
  { name: 'finishedAt', short: 'done', read: Number, shown: true },
];

/** Fields of the hash that are no part of the registration as the domain knows it. */
const OTHER_FIELDS: Readonly<Record<string, string>> = {
  /** The id of its last write (prelude.lua, version_of). */
  version: 'v',
  /** What a report needs, in one text ({@link outcomeText}); absent while the registration has never been sent. */
  outcome: 'o',
  /** The batch with the first rows among which it was counted (first-rows.lua, batch_after_canary). */
  canaryOf: 'canary',
};

const BY_SHORT_NAME: ReadonlyMap<string, StoredField> = new Map(FIELDS.map((field) => [field.short, field]));

/** What a report needs of a registration is also in one field, `outcome`: reading ten of them costs Redis three times as much. */
const SHOWN: readonly StoredField[] = FIELDS.filter((field) => field.shown);

export const SHOWN_NAMES: readonly string[] = SHOWN.map((field) => field.short);

/** The position in SHOWN of the field of that name. */
export function placeOfShown(name: keyof Registration): number {
  const place = SHOWN.findIndex((field) => field.name === name);
  if (place < 0) throw new Error(`A report does not show ${name}`);
  return place;
}

/** When a registration got its outcome. */
export const FIELD_OF_OUTCOME_TIME = shortNameOf('finishedAt');

/** Short names and values, alternating, as the hash has them. Names that are not in this table are ignored. */
export function registrationFrom(id: string, fields: readonly string[]): Registration {
  const registration = newRegistration(id, '') as unknown as Record<string, unknown>;
  for (let at = 0; at < fields.length; at += 2) put(registration, BY_SHORT_NAME.get(fields[at] ?? ''), fields[at + 1]);
  return registration as unknown as Registration;
}

/** Values in the order of SHOWN_NAMES, or none of a new registration; the other fields have their usual values. */
export function shownRegistrationFrom(id: string, values: readonly string[]): Registration {
  const registration = newRegistration(id, '') as unknown as Record<string, unknown>;
  for (let at = 0; at < SHOWN.length; at += 1) put(registration, SHOWN[at], values[at]);
  return registration as unknown as Registration;
}

/** What a report needs of a registration: each value in its place, '' for a missing value. */
export function outcomeText(registration: Registration): string {
  let text = stored(FIRST_SHOWN, registration) ?? '';
  for (const field of OTHERS_SHOWN) text += FIELD_JOINT + (stored(field, registration) ?? '');
  return text;
}

/** The outcome that a row keeps when another row begins a new attempt: one more value marks such a row. */
export function keptOutcomeText(registration: Registration): string {
  return outcomeText(registration) + FIELD_JOINT;
}

/** Between the fields of a page of a batch (page.lua). */
export const FIELD_JOINT = '\u001f';

const [FIRST_SHOWN, ...OTHERS_SHOWN] = SHOWN as readonly [StoredField, ...StoredField[]];

/** The field of the hash with this property of a registration. */
export function shortNameOf(name: string): string {
  const short = OTHER_FIELDS[name] ?? FIELDS.find((field) => field.name === name)?.short;
  if (short === undefined) throw new Error(`A registration has no field ${name}`);
  return short;
}

function put(registration: Record<string, unknown>, field: StoredField | undefined, value = ''): void {
  if (field !== undefined && value !== '') registration[field.name] = field.read(value);
}

/** What HSET and HDEL have to change to turn the hash of one registration into that of another. */
export function difference(before: Registration, after: Registration): { set: string[]; del: string[] } {
  const set: string[] = [];
  const del: string[] = [];
  let isShown = false;
  for (const field of FIELDS) {
    if (after[field.name] === before[field.name]) continue;
    const value = stored(field, after);
    if (value === stored(field, before)) continue;
    isShown ||= field.shown === true;
    if (value === undefined) del.push(field.short);
    else set.push(field.short, value);
  }
  if (isShown) set.push(OUTCOME, outcomeText(after));
  return { set, del };
}

const OUTCOME = shortNameOf('outcome');

function stored(field: StoredField, registration: Registration): string | undefined {
  const value = registration[field.name];
  if (value === undefined) return undefined;
  const written = field.write ? field.write(value as never) : String(value);
  return written === field.usual ? undefined : written;
}
