/** What a report says of a row. */
import type { Outcome } from '../domain/registration.js';
import type { Actor, Words } from '../domain/words.js';

export interface Sentences {
  readonly outcome: Outcome;
  readonly problem: string;
  readonly reason: Words;
  readonly nextStep: Words;
  readonly whoActs: Actor;
}
