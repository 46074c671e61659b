/** Batches: one loaded file each, its rows in input order, and how many of them are where. */
import type { Redis } from 'ioredis';
import type { IdentityFields } from '../domain/merchant.js';
import {
  apply,
  type Fact,
  newRegistration,
  next,
  type Outcome,
  type Registration,
  STATES,
  type State,
} from '../domain/registration.js';
import { key, PREFIX, ROWS_PER_PAGE } from './keys.js';
import { countedAs, difference, SHOWN_NAMES, shownRegistrationFrom } from './registration-fields.js';
import { type DetailColumns, packRow, type Row, unpackRow } from './rows.js';
import { script } from './scripts.js';

export interface Batch {
  readonly id: string;
  /** File name without its folder. */
  readonly file: string;
  readonly headings: readonly string[];
  readonly columns: DetailColumns;
  /** ms since 1970 */
  readonly loadedAt: number;
  readonly rows: number;
  /** How many rows have warnings and nothing worse; known when the batch is complete. */
  readonly warned?: number;
  /** False while the file is still being read, or where reading was interrupted. */
  readonly complete: boolean;
  /** When its merchants were forgotten, ms since 1970; only its counts are left. */
  readonly purgedAt?: number;
}

export interface AcceptedRow extends Row {
  /** Identity of the merchant; undefined where our checks refused the row. */
  readonly registration: string | undefined;
  /** The registration that this row was in the report from which it comes, another one where it was corrected. */
  readonly earlier?: string;
}

/** How a registration is linked to others by rows that were corrected in a report. */
export interface Links {
  /** What its row was before it was corrected. */
  readonly from?: string;
  /** What its row became when it was corrected. */
  readonly became?: string;
}

/** What a row of a new batch would find: a merchant that is created, one that it joins, or a new attempt. */
export type Prospect = 'already_created' | 'joins' | 'again';

/** What a row is to its registration. */
export type Relation =
  | { readonly kind: 'refused' }
  /** Its outcome is that of the registration. */
  | { readonly kind: 'registered'; readonly id: string }
  | { readonly kind: 'already_created'; readonly id: string }
  /** `firstIndex`: index of the earlier row of this batch. */
  | { readonly kind: 'duplicate'; readonly id: string; readonly firstIndex: number };

export interface RowWithFate {
  readonly index: number;
  readonly row: Row;
  readonly relation: Relation;
  /** As it is now, or as it was when a later batch began a new attempt. */
  readonly registration: Registration | undefined;
}

/** Rows by what counts them: a state, `deferred/<wait>`, `duplicate`, `already_created`, `invalid`. */
export type Counts = Readonly<Record<string, number>>;

export interface Manner {
  /** A merchant that has a Mini Program is to get one more. */
  readonly again?: boolean | undefined;
}

export interface Batches {
  /** `canaries`: so many rows are sent first, and the rest when so many were accepted; 0 for all at once. */
  open(batch: Omit<Batch, 'rows' | 'complete'>, canaries?: number): Promise<Batch>;
  /** Accepts rows from `firstIndex` on; those that the batch has already are passed over. Answers how many it has now. */
  accept(batch: Batch, firstIndex: number, rows: readonly AcceptedRow[], manner?: Manner): Promise<number>;
  complete(id: string, warned?: number): Promise<void>;
  find(id: string): Promise<Batch | undefined>;
  /** Ids in the order of loading. */
  list(): Promise<string[]>;
  counts(id: string): Promise<Counts>;
  page(batch: Batch, page: number): Promise<RowWithFate[]>;
  /** Every row, in order, some at a time. */
  pages(batch: Batch): AsyncIterable<RowWithFate[]>;
  row(batch: Batch, index: number): Promise<Row | undefined>;
  links(id: string): Promise<Links>;
  /** From now on there may be registrations that are identified by these fields. */
  noteIdentity(fields: IdentityFields): Promise<void>;
  /** Whether there may be any. */
  hasIdentity(fields: IdentityFields): Promise<boolean>;
  /** What a row would be to those of these registrations that there are. */
  prospects(ids: readonly string[], manner?: Manner): Promise<Map<string, Prospect>>;
}

export function openBatches(redis: Redis): Batches {
  const acceptScript = script(redis, 'accept');
  const pageScript = script(redis, 'page');
  const prospectsScript = script(redis, 'prospects');

  async function open(batch: Omit<Batch, 'rows' | 'complete'>, canaries = 0): Promise<Batch> {
    const isNew = await redis.hsetnx(key('batch', batch.id), 'loadedAt', batch.loadedAt);
    // A batch with a time and nothing else: its opener died before the next step, or is about to take it.
    if (isNew === 1 || (await find(batch.id)) === undefined) {
      await redis
        .multi()
        .hset(key('batch', batch.id), {
          file: batch.file,
          headings: JSON.stringify(batch.headings),
          columns: JSON.stringify(batch.columns),
          ...(canaries > 0 && { canaries }),
        })
        .lrem(key('batches'), 0, batch.id)
        .rpush(key('batches'), batch.id)
        .exec();
    }
    return (await find(batch.id)) ?? { ...batch, rows: 0, complete: false };
  }

  async function accept(
    batch: Batch,
    firstIndex: number,
    rows: readonly AcceptedRow[],
    { again = false }: Manner = {},
  ): Promise<number> {
    const pairs = rows.flatMap((row) => [registrationsOf(row), packRow(row, batch.columns)]);
    const answer = await acceptScript(
      [key('batch', batch.id)],
      [batch.id, firstIndex, again ? POLICY_AGAIN : POLICY, REOPENING, Date.now(), ...pairs],
    );
    return Number(answer);
  }

  async function noteIdentity(fields: IdentityFields): Promise<void> {
    await redis.sadd(key('identities'), fields.join());
  }

  async function hasIdentity(fields: IdentityFields): Promise<boolean> {
    return (await redis.sismember(key('identities'), fields.join())) === 1;
  }

  async function complete(id: string, warned = 0): Promise<void> {
    await redis.hset(key('batch', id), { warned, complete: '1' });
  }

  async function find(id: string): Promise<Batch | undefined> {
    const fields = await redis.hgetall(key('batch', id));
    if (fields.columns === undefined) return undefined;
    return {
      id,
      file: fields.file ?? '',
      headings: JSON.parse(fields.headings ?? '[]') as string[],
      columns: JSON.parse(fields.columns) as number[],
      loadedAt: Number(fields.loadedAt),
      rows: Number(fields.rows ?? 0),
      ...(fields.warned !== undefined && { warned: Number(fields.warned) }),
      complete: fields.complete === '1',
      ...(fields.purgedAt !== undefined && { purgedAt: Number(fields.purgedAt) }),
    };
  }

  async function counts(id: string): Promise<Counts> {
    const fields = await redis.hgetall(key('counts', id));
    return Object.fromEntries(
      Object.entries(fields)
        .map(([name, count]) => [name, Number(count)] as const)
        .filter(([, count]) => count > 0),
    );
  }

  async function page(batch: Batch, number: number): Promise<RowWithFate[]> {
    return rowsFrom(batch, number, await packedPage(batch, number));
  }

  async function packedPage(batch: Batch, number: number): Promise<PackedPage> {
    const first = number * ROWS_PER_PAGE;
    const answer = await pageScript([key('rows', batch.id, number)], [batch.id, first, ...SHOWN_NAMES]);
    const [rows, registrations] = answer as [string, string];
    return rows === '' ? NO_ROWS : { rows: rows.split(JOINT), registrations: registrations.split(JOINT) };
  }

  /** Redis reads the next pages while the caller works on a part of one: a few rows at a time are short-lived garbage. */
  async function* pages(batch: Batch): AsyncGenerator<RowWithFate[]> {
    const count = Math.ceil(batch.rows / ROWS_PER_PAGE);
    const ahead: Promise<PackedPage>[] = [];
    for (let number = 0; number < count; number += 1) {
      while (ahead.length < PAGES_AHEAD && number + ahead.length < count) {
        const asked = packedPage(batch, number + ahead.length);
        // Told to whoever waits for it; a caller that has seen enough waits for none.
        asked.catch(() => {});
        ahead.push(asked);
      }
      const packed = (await ahead.shift()) ?? NO_ROWS;
      for (let from = 0; from < packed.rows.length; from += ROWS_AT_ONCE) {
        yield rowsFrom(batch, number, packed, from, from + ROWS_AT_ONCE);
      }
    }
  }

  async function row(batch: Batch, index: number): Promise<Row | undefined> {
    const text = await redis.lindex(key('rows', batch.id, Math.floor(index / ROWS_PER_PAGE)), index % ROWS_PER_PAGE);
    return text === null ? undefined : unpackRow(text.slice(text.indexOf('\n') + 1), batch.columns);
  }

  async function prospects(ids: readonly string[], { again = false }: Manner = {}): Promise<Map<string, Prospect>> {
    // All of a page at once: a command for each would make a load half as long again.
    const found = (await prospectsScript([PREFIX], [...ids])) as ((string | null)[] | null)[];
    return new Map(
      ids.flatMap((id, at) => {
        const [state, task, earlier] = found[at] ?? [];
        if (!state) return [];
        const effect = effectOf(state as State, task === 'open' || earlier === 'open', again);
        return [[id, state === 'created' && effect === 'joins' ? 'already_created' : effect] as const];
      }),
    );
  }

  async function links(id: string): Promise<Links> {
    const [from, became] = await redis.hmget(key('registration', id), 'from', 'became');
    return { ...(from && { from }), ...(became && { became }) };
  }

  return {
    noteIdentity,
    hasIdentity,
    prospects,
    links,
    open,
    accept,
    complete,
    find,
    list: () => redis.lrange(key('batches'), 0, -1),
    counts,
    page,
    pages,
    row,
  };
}

/** Its own, and the one before it was corrected. */
function registrationsOf({ registration = '', earlier = registration }: AcceptedRow): string {
  return registration === earlier ? registration : `${registration} ${earlier}`;
}

/** Enough to keep Redis at work; more only lie in memory. */
const PAGES_AHEAD = 3;
const ROWS_AT_ONCE = 64;
const JOINT = '\u001e';

interface PackedPage {
  readonly rows: readonly string[];
  readonly registrations: readonly string[];
}

const NO_ROWS: PackedPage = { rows: [], registrations: [] };

function rowsFrom(batch: Batch, page: number, packed: PackedPage, from = 0, to = ROWS_PER_PAGE): RowWithFate[] {
  const first = page * ROWS_PER_PAGE + from;
  return packed.rows
    .slice(from, to)
    .map((text, at) => rowWithFate(first + at, text, packed.registrations[from + at] ?? '', batch.columns));
}

function rowWithFate(index: number, text: string, fields: string, columns: DetailColumns): RowWithFate {
  const end = text.indexOf('\n');
  const relation = relationFrom(text.slice(0, end));
  return {
    index,
    relation,
    row: unpackRow(text.slice(end + 1), columns),
    registration: relation.kind === 'refused' ? undefined : shownRegistrationFrom(relation.id, fields.split('\u001f')),
  };
}

function relationFrom(text: string): Relation {
  const rest = text.slice(1);
  switch (text[0]) {
    case 'r':
      return { kind: 'registered', id: rest };
    case 'a':
      return { kind: 'already_created', id: rest };
    case 'd': {
      const [id = '', firstIndex] = rest.split('|');
      return { kind: 'duplicate', id, firstIndex: Number(firstIndex) };
    }
    default:
      return { kind: 'refused' };
  }
}

/** What a row does to a registration that is there already, asked of the heart once for every state. */
const [POLICY, POLICY_AGAIN] = [false, true].map((again) =>
  JSON.stringify(
    Object.fromEntries(
      (Object.keys(STATES) as State[]).flatMap((state) =>
        (['open', 'closed'] as const).map((task) => [`${state}/${task}`, effectOf(state, task === 'open', again)]),
      ),
    ),
  ),
) as [string, string];

/** `isOpen`: WeChat may be running a task of ours. */
function effectOf(state: State, isOpen: boolean, again: boolean): 'again' | 'joins' {
  const registration: Registration = {
    ...newRegistration('', ''),
    state,
    task: isOpen ? 'open' : 'ended',
  };
  return next(registration, rowAccepted(again)) === undefined ? 'joins' : 'again';
}

/** Which fields a new attempt clears, and which a report shows of the old one. */
const REOPENING = JSON.stringify({ del: fieldsClearedByReopening(), shown: SHOWN_NAMES });

function rowAccepted(again: boolean): Fact {
  return { kind: 'row_accepted', at: 0, row: '/0', again };
}

/** Of what is created: it has all that others have, and more. */
function fieldsClearedByReopening(): string[] {
  const settled: Registration = {
    ...newRegistration('', ''),
    state: 'created',
    alsoRows: ['/1'],
    postponed: 1,
    busySince: 1,
    personSince: 1,
    until: 1,
    wait: 'again',
    problem: 'push:1',
    said: 'said',
    appid: 'appid',
    authorizer: 'kept',
    finishedAt: 1,
  };
  const move = next(settled, rowAccepted(true));
  if (move === undefined) throw new Error('MOVES has no rule for a second Mini Program');
  return difference(settled, apply(settled, rowAccepted(true), move)).del;
}

/** Rows by the outcome that the report gives them: `deferred/busy` is pending, and what is no state is one itself. */
export function byOutcome(counts: Counts): Partial<Record<Outcome, number>> {
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const [name, count] of Object.entries(counts)) {
    const state = name.split('/')[0] as State;
    const outcome = state in STATES ? STATES[state].outcome : (name as Outcome);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  }
  return outcomes;
}

/** How many rows of a batch count as a state, whatever they wait for. */
export function countOf(counts: Counts, state: State): number {
  return Object.entries(counts)
    .filter(([name]) => name === countedAs(state, undefined) || name.startsWith(`${state}/`))
    .reduce((sum, [, count]) => sum + count, 0);
}
