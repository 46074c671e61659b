/** Sending again and withdrawing: what it would do, and doing it. */
import { isIdentity } from '../domain/merchant.js';
import type { Ask } from '../domain/operator.js';
import { type Outcome, PURGED_ROW } from '../domain/registration.js';
import { indexOf } from '../domain/row.js';
import {
  type ActionPreview,
  type ActionRequest,
  type ActionTools,
  applyAction,
  type Group,
  previewAction,
} from '../operator/action.js';
import { tidyReady } from '../redis/ledger/purging.js';
import { troubleOf } from '../reporter/sentences.js';
import { batchNamed } from './batches.js';
import { detailsPurged } from './note.js';
import { exactIdNeeded, registrationNamed } from './registration-named.js';
import type { Store } from './wiring/store.js';

type ActionStore = Pick<Store, 'redis' | 'batches' | 'ledger'>;

/** How many registrations can be changed, what to consider first, and why the others cannot. */
export type ActionSummary = Pick<ActionPreview, 'can' | 'mind' | 'cannot'>;

/** Of one batch, or one registration. */
interface PreviewedPart {
  readonly request: ActionRequest;
  readonly found: ActionPreview;
}

export interface PreviewedAction {
  readonly summary: ActionSummary;
  /** To be given to `applyPreviewed`. */
  readonly parts: readonly PreviewedPart[];
}

/** `named`: batches and registrations. Nothing is changed. @throws RequestError where there is no such one */
export async function preview(
  store: ActionStore,
  ask: Ask,
  named: readonly string[],
  only?: ReadonlySet<Outcome>,
): Promise<PreviewedAction> {
  const requests: ActionRequest[] = [];
  for (const id of new Set(named)) requests.push({ ask, only, now: Date.now(), ...(await rowsNamed(store, id, ask)) });
  const parts: PreviewedPart[] = [];
  const ids = requests.length > 1 ? new Set<string>() : undefined;
  for (const request of requests) parts.push({ request, found: await previewAction(toolsOf(store), request, ids) });
  return { summary: together(parts.map(({ found }) => found)), parts };
}

/**
 * `because`: the reason and the person, for the history. Answers how many registrations it changed, with those of an earlier call
 * that was interrupted.
 */
export async function applyPreviewed(
  store: ActionStore,
  ask: Ask,
  { parts }: Pick<PreviewedAction, 'parts'>,
  because: string,
): Promise<number> {
  let moved = 0;
  for (const { request, found } of parts) {
    await applyAction(toolsOf(store), request, found, because, Date.now);
    moved += found.moved.size;
  }
  if (ask === 'cancel' && moved >= MANY) await tidyReady(store.redis, 'submit');
  return moved;
}

function toolsOf({ batches, ledger }: ActionStore): ActionTools {
  return { batches, ledger, actsOn: (problem) => troubleOf(problem)?.acts };
}

/** Fewer rows that were cancelled are passed over in a moment when their turn to be sent comes. */
const MANY = 1_000;

/**
 * A batch, or the row of a registration that is sent. If another row waits for the end of this one, a cancellation
 * means the waiting row; so does a retry whose own details are purged.
 */
async function rowsNamed(store: ActionStore, id: string, ask: Ask): Promise<Pick<ActionRequest, 'batch' | 'index'>> {
  if (!isIdentity(id)) return { batch: await batchNamed(store, id, exactIdNeeded(ask, id)) };
  const { row, waitingRows } = (await registrationNamed(store, id)).registration;
  const pointer = (ask === 'cancel' || row === PURGED_ROW ? waitingRows[0] : undefined) ?? row;
  const named = await store.batches.rowAt(pointer);
  if (named === undefined) throw detailsPurged(id);
  return { batch: named.batch, index: indexOf(pointer) };
}

function together(previews: readonly ActionSummary[]): ActionSummary {
  return {
    can: previews.reduce((sum, { can }) => sum + can, 0),
    mind: merged(previews.map(({ mind }) => mind)),
    cannot: merged(previews.map(({ cannot }) => cannot)),
  };
}

function merged<Key>(groups: readonly ReadonlyMap<Key, Group>[]): Map<Key, Group> {
  const all = new Map<Key, Group>();
  for (const [name, { count, lines }] of groups.flatMap((group) => [...group])) {
    const before = all.get(name) ?? { count: 0, lines: [] };
    all.set(name, { count: before.count + count, lines: [...before.lines, ...lines].slice(0, LINES_SHOWN) });
  }
  return all;
}

const LINES_SHOWN = 5;
