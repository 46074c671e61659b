/** What a fact makes of a registration: its move, the turn that a waiting row takes then, and which work follows. */
import { apply, turnOfWaitingRow } from './apply.js';
import { type Consequence, type Fact, type Move, next, type Registration } from './registration.js';
import type { WorkKind } from './work.js';

export interface Decision {
  readonly before: Registration;
  /** Undefined: the fact fits no move, and changes nothing. */
  readonly move: Move | undefined;
  /** After the fact's own move. */
  readonly passed: Registration;
  /** A row that waited for the end of this task: it begins the next one in the same step. */
  readonly turn?: { readonly fact: Fact; readonly move: Move };
  /** After both. */
  readonly after: Registration;
  /** `at`: ms since 1970. */
  readonly scheduled?: { readonly kind: WorkKind; readonly at: number };
  readonly ready?: WorkKind;
  readonly stopsLine: boolean;
}

export function decide(before: Registration, fact: Fact): Decision {
  const move = next(before, fact);
  if (move === undefined || move.rows === 'already_created') {
    return { before, move, passed: before, after: before, stopsLine: false };
  }
  const passed = apply(before, fact, move);
  const turn = turnOf(passed, fact.at);
  const after = turn === undefined ? passed : apply(passed, turn.fact, turn.move);
  const consequences = [...(move.so ?? []), ...(turn?.move.so ?? [])];
  return {
    before,
    move,
    passed,
    ...(turn && { turn }),
    after,
    ...workAfter(after, consequences),
    stopsLine: consequences.includes('stop_line'),
  };
}

function turnOf(passed: Registration, at: number): Decision['turn'] {
  const fact = turnOfWaitingRow(passed, at);
  const move = fact && next(passed, fact);
  return fact && move && { fact, move };
}

function workAfter(
  { until }: Registration,
  consequences: readonly Consequence[],
): Pick<Decision, 'scheduled' | 'ready'> {
  if (consequences.includes('send')) {
    return until === undefined ? { ready: 'submit' } : { scheduled: { kind: 'submit', at: until } };
  }
  if (consequences.includes('ask') && until !== undefined) return { scheduled: { kind: 'follow-up', at: until } };
  return {};
}
