/**
 * Rows that our checks refused, and whose merchant waits for nothing any more: the enterprise has a Mini Program or is under way,
 * or a newer sheet has the merchant again. A refused row has no registration that would say so; without this its merchant would
 * be called after the Mini Program was created.
 */
import { hash } from 'node:crypto';
import { type Batch, ROWS_PER_PAGE } from '../domain/batch.js';
import { CODE_RULES, codeTypeOf, withoutHyphens } from '../domain/enterprise-code.js';
import { comparable, enterpriseOf, type Identify } from '../domain/merchant.js';
import { isOver, type Registration } from '../domain/registration.js';
import { batchOf, codeIn, indexOf, nameIn, type RowWithOutcome } from '../domain/row.js';
import { isWordForNoName } from '../domain/sole-trader.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';

export interface RefusedRow {
  readonly batch: string;
  readonly index: number;
  /** As people read them in their cells; '' where one is missing. */
  readonly name: string;
  readonly code: string;
}

/** Which of them need no correction any more. */
export type CorrectedLater = (rows: readonly RefusedRow[]) => Promise<ReadonlySet<RefusedRow>>;

export interface CorrectedLaterTools {
  readonly batches: Pick<Batches, 'list' | 'find' | 'page'>;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly identify: Identify;
  /** Indexes of the rows that may have one of these names. */
  readonly rowsNamedAmong: (batch: Batch, names: ReadonlySet<string>) => AsyncIterable<number>;
}

export function openCorrectedLater(tools: CorrectedLaterTools): CorrectedLater {
  return async (rows) => {
    if (rows.length === 0) return new Set();
    const order = await tools.batches.list();
    const ageOf = new Map(order.map((id, at) => [id, at]));
    const named = await namedAgain(tools, rows, order);
    const refused = refusedAgain(rows, ageOf);
    const others = rows.filter((row) => !named.has(row) && !refused.has(row) && row.code !== '');
    const coded = await settledByCode(tools, others, ageOf);
    return new Set([...named, ...refused, ...coded]);
  };
}

// --- by name ----------------------------------------------------------------------------------------------------------

async function namedAgain(
  { batches, rowsNamedAmong }: CorrectedLaterTools,
  rows: readonly RefusedRow[],
  order: readonly string[],
): Promise<Set<RefusedRow>> {
  const refusedIn = grouped(rows, ({ batch }) => batch);
  const found = new Set<RefusedRow>();
  // Those of the sheets before this one that no sheet has had again.
  const open = new Map<string, RefusedRow[]>();
  for (const id of order) {
    const batch = open.size === 0 ? undefined : await batches.find(id);
    if (batch !== undefined && batch.purgedAt === undefined) {
      const namesakes = await namesakesIn({ batches, rowsNamedAmong }, batch, new Set(open.keys()));
      for (const [name, codes] of namesakes) {
        const again = new Set(open.get(name)?.filter((row) => mayBeOneOf(codes, row.code)));
        for (const row of again) found.add(row);
        const left = (open.get(name) ?? []).filter((row) => !again.has(row));
        if (left.length === 0) open.delete(name);
        else open.set(name, left);
      }
    }
    const named = (refusedIn.get(id) ?? []).filter(({ name }) => isName(name));
    for (const [name, some] of grouped(named, (row) => comparable(row.name))) {
      open.set(name, [...(open.get(name) ?? []), ...some]);
    }
  }
  return found;
}

const LETTER = /\p{L}/u;

function isName(name: string): boolean {
  return LETTER.test(name) && !isWordForNoName(name);
}

/** The enterprises of rows with one name, by the length of what names them; '' stands for a code that names none. */
type Codes = ReadonlyMap<number, ReadonlySet<string>>;

/**
 * Two enterprises may have one name, so where both rows have a good code, the codes decide. A licence number (15 digits) cannot be
 * compared with the codes of the other kinds.
 */
function mayBeOneOf(codes: Codes, code: string): boolean {
  const enterprise = enterpriseNamedBy(code);
  const ofThisKind = codes.get(enterprise.length);
  return codes.size > (ofThisKind === undefined ? 0 : 1) || ofThisKind?.has(enterprise) === true;
}

/** '' where the code is missing, or is wrong in its shape or its check digit. */
function enterpriseNamedBy(code: string): string {
  const plain = withoutHyphens(code.replace(/\s+/g, '').toUpperCase());
  const type = codeTypeOf(plain);
  if (type === undefined || !CODE_RULES[type].shape.test(plain) || !CODE_RULES[type].checks(plain)) return '';
  return enterpriseOf(plain);
}

/** Which of these names a batch has, with the codes of their rows. Rows that may have one come page by page, so a page is read once. */
async function namesakesIn(
  { batches, rowsNamedAmong }: Pick<CorrectedLaterTools, 'batches' | 'rowsNamedAmong'>,
  batch: Batch,
  names: ReadonlySet<string>,
): Promise<Map<string, Codes>> {
  const namesakes = new Map<string, Map<number, Set<string>>>();
  let page: { readonly number: number; readonly rows: readonly RowWithOutcome[] } | undefined;
  for await (const index of rowsNamedAmong(batch, names)) {
    const number = Math.floor(index / ROWS_PER_PAGE);
    if (page?.number !== number) page = { number, rows: await batches.page(batch, number) };
    const entry = page.rows.find((it) => it.index === index);
    if (entry === undefined) continue;
    const name = comparable(nameIn(entry.row, batch.columns));
    const enterprise = enterpriseNamedBy(codeIn(entry.row, batch.columns));
    const codes = namesakes.get(name) ?? new Map<number, Set<string>>();
    namesakes.set(name, codes);
    codes.set(enterprise.length, (codes.get(enterprise.length) ?? new Set()).add(enterprise));
  }
  return namesakes;
}

function grouped(rows: readonly RefusedRow[], by: (row: RefusedRow) => string): Map<string, RefusedRow[]> {
  const groups = new Map<string, RefusedRow[]>();
  for (const row of rows) {
    const group = groups.get(by(row));
    // A sheet of wrong rows may have thousands of one name.
    if (group === undefined) groups.set(by(row), [row]);
    else group.push(row);
  }
  return groups;
}

// --- by code ----------------------------------------------------------------------------------------------------------

/** Those that a newer sheet has again, refused once more: the newest is the one to correct. Of one sheet each stays. */
function refusedAgain(rows: readonly RefusedRow[], ageOf: AgeByBatch): Set<RefusedRow> {
  const found = new Set<RefusedRow>();
  const age = (batch: string): number => ageOf.get(batch) ?? Number.MAX_SAFE_INTEGER;
  const newestFirst = [...grouped(rows, ({ batch }) => batch)].sort(([one], [other]) => age(other) - age(one));
  const newer = openRefusedRows();
  for (const [, some] of newestFirst) for (const row of newer.again(some)) found.add(row);
  return found;
}

/** Rows that were refused, of one sheet after the other, the newest first. Of each a few bytes are kept: there may be a million. */
export interface RefusedRows {
  /** Those of these rows that a newer sheet has again; the rows belong to the sheet before the next one. */
  again(rows: readonly RefusedRow[]): RefusedRow[];
}

export function openRefusedRows(): RefusedRows {
  const newer = new Set<number>();
  let [batch, ofBatch]: [string, number[]] = ['', []];

  return {
    again(rows) {
      const found: RefusedRow[] = [];
      for (const row of rows) {
        if (row.batch !== batch) {
          for (const mark of ofBatch) newer.add(mark);
          [batch, ofBatch] = [row.batch, []];
        }
        const code = codeOf(row);
        if (code === '') continue;
        // A good code names the enterprise, whatever the name.
        const [name, isGood] = [nameOf(row), code.startsWith(GOOD)];
        const others = isGood || name === NO_NAME ? [ANY_NAME] : [name, NO_NAME];
        if (others.some((other) => newer.has(markOf(code, other)))) found.push(row);
        for (const mine of isGood ? [ANY_NAME] : [name, ANY_NAME]) ofBatch.push(markOf(code, mine));
      }
      return found;
    },
  };
}

/** 52 bits, which a number holds exactly: of a million rows two have one by a chance of one in nine thousand. */
function markOf(code: string, name: string): number {
  return Number.parseInt(hash('sha1', `${code}\n${name}`, 'hex').slice(0, 13), 16);
}

/** In the place of names, which are as {@link comparable} makes them. */
const [NO_NAME, ANY_NAME] = ['', ' '];

function nameOf({ name }: RefusedRow): string {
  return isName(name) ? comparable(name) : NO_NAME;
}

const GOOD = '=';

/** The enterprise that a good code names; the text of a wrong one, unless it may be the text of many merchants: then ''. */
function codeOf({ code }: RefusedRow): string {
  const enterprise = enterpriseNamedBy(code);
  if (enterprise !== '') return GOOD + enterprise;
  const text = comparable(code);
  return OF_ONE_MERCHANT.test(text) ? text : '';
}

/** No serial number, no word, and no code that a spreadsheet program has cut: `9.1e+17`, `911101080000000000`. */
const OF_ONE_MERCHANT = /^(?!.*000$)(?=.*\d)[0-9a-z-]{6,}$/;

const READ_AT_ONCE = 100;

type AgeByBatch = ReadonlyMap<string, number>;

async function settledByCode(
  { ledger, identify }: CorrectedLaterTools,
  rows: readonly RefusedRow[],
  ageOf: AgeByBatch,
): Promise<RefusedRow[]> {
  const found: RefusedRow[] = [];
  for (let at = 0; at < rows.length; at += READ_AT_ONCE) {
    const some = rows.slice(at, at + READ_AT_ONCE);
    const views = await Promise.all(some.map(({ code }) => ledger.read(identify(code))));
    found.push(
      ...some.filter((row, index) => {
        const registration = views[index]?.registration;
        return registration !== undefined && isSettledBy(registration, row, ageOf);
      }),
    );
  }
  return found;
}

/** A refused row that is newer than the failure of its enterprise is the one to correct. */
function isSettledBy(registration: Registration, refused: RefusedRow, ageOf: AgeByBatch): boolean {
  const { state, earlierAppids, row, joinedRows, waitingRows } = registration;
  if (state === 'created' || earlierAppids !== undefined || !isOver(state)) return true;
  return [row, ...joinedRows, ...waitingRows].some((pointer) => isNewer(pointer, refused, ageOf));
}

function isNewer(pointer: string, refused: RefusedRow, ageOf: AgeByBatch): boolean {
  const age = ageOf.get(batchOf(pointer)) ?? -1;
  const ageOfRefused = ageOf.get(refused.batch) ?? Number.MAX_SAFE_INTEGER;
  return age === ageOfRefused ? indexOf(pointer) > refused.index : age > ageOfRefused;
}
