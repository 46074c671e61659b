/** What asking for a retry or a cancellation of a batch's rows would do, found out row by row before anything is done. */
import { type Ask, type Cannot, judge, type Mind } from '../domain/operator.js';
import { type Fact, type Outcome, STATES } from '../domain/registration.js';
import type { Actor } from '../domain/words.js';
import type { Batch, Batches, RowWithFate } from '../redis/batches.js';
import type { Ledger } from '../redis/ledger.js';

export interface Wish {
  readonly ask: Ask;
  readonly batch: Batch;
  /** Only rows of these outcomes; absent: those for which the ask makes sense. */
  readonly only?: ReadonlySet<Outcome> | undefined;
  /** ms since 1970 */
  readonly now: number;
}

/** How many, and the lines of the first of them. */
export interface Group {
  readonly count: number;
  readonly lines: readonly number[];
}

export interface Survey {
  readonly can: readonly { readonly id: string; readonly fact: Pick<Fact, 'kind' | 'until' | 'wait' | 'row'> }[];
  readonly mind: ReadonlyMap<Mind, Group>;
  readonly cannot: ReadonlyMap<Cannot, Group>;
}

export interface SurveyTools {
  readonly batches: Batches;
  readonly ledger: Ledger;
  /** Whose move a problem makes it, e.g. of `push:1001`. */
  readonly actsOn: (problem: string | undefined) => Actor | undefined;
}

/** What is meant where no outcome was named. `invalid`, so that it is said why those are not sent. */
const USUAL: Readonly<Record<Ask, ReadonlySet<Outcome>>> = {
  retry: new Set<Outcome>(['rejected', 'expired', 'needs_review', 'invalid']),
  cancel: new Set<Outcome>(['pending']),
};

const LINES_TOLD = 5;

export async function survey({ batches, ledger, actsOn }: SurveyTools, wish: Wish): Promise<Survey> {
  const can: { id: string; fact: Pick<Fact, 'kind' | 'until' | 'wait' | 'row'> }[] = [];
  const mind = new Map<Mind, Group>();
  const cannot = new Map<Cannot, Group>();
  const wanted = wish.only ?? USUAL[wish.ask];

  async function look(fate: RowWithFate): Promise<void> {
    const { relation, row } = fate;
    if (relation.kind === 'refused') return add(cannot, 'row_refused', row.line);
    if (relation.kind !== 'registered' && relation.kind !== 'waits') return add(cannot, 'other_row', row.line);
    const view = await ledger.read(relation.id);
    if (view?.row === undefined) return add(cannot, 'purged', row.line);
    const { registration } = view;
    const pointer = `${wish.batch.id}/${fate.index}`;
    const isWaiting = registration.waitingRows.includes(pointer);
    if (registration.row !== pointer && !registration.alsoRows.includes(pointer) && !isWaiting) {
      return add(cannot, 'later_batch', row.line);
    }
    const { ask, now } = wish;
    const insists = wish.only !== undefined;
    const verdict = judge(registration, {
      ask,
      now,
      insists,
      acts: actsOn(registration.problem),
      ...(isWaiting && { waitingRow: pointer }),
    });
    if (verdict.kind === 'cannot') return add(cannot, verdict.why, row.line);
    can.push({ id: relation.id, fact: verdict.fact });
    if (verdict.mind !== undefined) add(mind, verdict.mind, row.line);
  }

  for await (const rows of batches.pages(wish.batch)) {
    await Promise.all(rows.filter((fate) => wanted.has(outcomeOf(fate))).map(look));
  }
  return { can, mind, cannot };
}

function outcomeOf({ relation, registration }: RowWithFate): Outcome {
  switch (relation.kind) {
    case 'refused':
      return 'invalid';
    case 'replaced':
      return 'cancelled';
    case 'waits':
      return registration?.state === 'needs_review' ? 'needs_review' : 'pending';
    case 'registered':
      return STATES[registration?.state ?? 'queued'].outcome;
    default:
      return relation.kind;
  }
}

function add<Key>(groups: Map<Key, Group>, name: Key, line: number): void {
  const { count, lines } = groups.get(name) ?? { count: 0, lines: [] };
  groups.set(name, { count: count + 1, lines: lines.length < LINES_TOLD ? [...lines, line] : lines });
}

const AT_ONCE = 64;

/** Records the operator's fact of each; answers how many it moved. Somebody else may have been faster with the others. */
export async function carryOut(
  { ledger }: Pick<SurveyTools, 'ledger'>,
  { can }: Survey,
  because: string,
  now: () => number,
): Promise<number> {
  let moved = 0;
  for (let from = 0; from < can.length; from += AT_ONCE) {
    const recorded = await Promise.all(
      can.slice(from, from + AT_ONCE).map(({ id, fact }) => ledger.record(id, { ...fact, at: now(), because })),
    );
    moved += recorded.filter(({ move }) => move !== undefined).length;
  }
  return moved;
}
