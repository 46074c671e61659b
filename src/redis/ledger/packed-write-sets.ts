/**
 * Write sets as text, which the scripts take. What is sent in one moment is mostly new registrations, which differ in their id and
 * row only, and so do their facts: one of them is decided and made into text for all. Redis decodes a text once a run, too.
 */
import type { Effects } from '../../domain/effects.js';
import type { Fact, Registration } from '../../domain/registration.js';
import type { Alike, Recorded, Snapshot } from '../../domain/snapshot.js';
import { writeSetOf } from './write-set.js';

export interface PackedWriteSet {
  /** The WriteSet as JSON. */
  readonly text: string;
  readonly recorded: Recorded;
  /** What the registration is alike to afterwards. */
  readonly alike?: Alike;
}

/** Decided for one, and good for all that are alike. */
interface Kept {
  readonly text: string;
  readonly recorded: Recorded;
  readonly alike: Alike;
}

/** The facts of some moments; later ones have other times. */
const MOST_KEPT = 64;

const MOMENT_MS = 4;

/** Now, the same for all facts of four milliseconds, so that they are alike: at 1,500 calls a second 9 of 10 are decided by another one. */
export function factTime(): number {
  const now = Date.now();
  return now - (now % MOMENT_MS);
}

const kept = new WeakMap<Alike, Map<string, Kept>>();

/** The last use of a fact: a worker gives all calls of a moment the same one, which is found sooner than its text. */
interface LastUse {
  readonly alike: Alike;
  readonly effects: Effects;
  readonly packed: Kept;
}

const lastUses = new WeakMap<Fact, LastUse>();

/** Registrations that no fact has touched since a row made them. */
export const NEW: Alike = {};

export function packWriteSet(snapshot: Snapshot, fact: Fact, effects: Effects): PackedWriteSet {
  const { registration, alike } = snapshot;
  const last = lastUses.get(fact);
  if (last !== undefined && last.alike === alike && last.effects === effects)
    return appliedTo(registration, last.packed);
  const { job: _, ...others } = effects;
  if (alike === undefined) return decided(registration, fact, others);
  let packedSets = kept.get(alike);
  if (packedSets === undefined) {
    packedSets = new Map();
    kept.set(alike, packedSets);
  }
  const name = JSON.stringify([fact, others]);
  const known = packedSets.get(name);
  if (known !== undefined) {
    lastUses.set(fact, { alike, effects, packed: known });
    return appliedTo(registration, known);
  }
  const packed = decided(registration, fact, others);
  if (!isForAll(packed.recorded)) return packed;
  if (packedSets.size >= MOST_KEPT) packedSets.clear();
  const forAll = { ...packed, alike: {} };
  packedSets.set(name, forAll);
  lastUses.set(fact, { alike, effects, packed: forAll });
  return forAll;
}

function decided(registration: Registration, fact: Fact, effects: Effects): PackedWriteSet {
  const { writeSet, recorded } = writeSetOf({ registration }, fact, effects);
  return { text: JSON.stringify(writeSet).replace(HALF_A_PAIR, '\\ufffd'), recorded };
}

/** JSON writes half a surrogate pair as an escape, at which Redis' decoder fails: then no fact would be recorded. */
const HALF_A_PAIR = /\\ud[89a-f][0-9a-f]{2}/g;

/** Nothing in it names a row. */
function isForAll({ before, after, move }: Recorded): boolean {
  return move?.rows === undefined && [before, after].every((it) => it.joinedRows.length + it.waitingRows.length === 0);
}

function appliedTo(before: Registration, { text, recorded: { after, move }, alike }: Kept): PackedWriteSet {
  return { text, recorded: { before, after: { ...after, id: before.id, row: before.row }, move }, alike };
}
