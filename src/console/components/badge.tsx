import { STATE_WORDS } from '../../domain/outcome-words.js';
import { OUTCOMES } from '../../domain/outcomes.js';
import { type Outcome, STATES, type State } from '../../domain/registration.js';
import type { View } from '../visit.js';

/** An outcome, by its word, a colour and a sign that is seen without colours. */
export function OutcomeBadge({ view, outcome }: { view: View; outcome: Outcome }) {
  return <span class={`badge ${outcome}`}>{view.say(OUTCOMES[outcome])}</span>;
}

/** A state in the look of its outcome: four states are pending. */
export function StateBadge({ view, state }: { view: View; state: State }) {
  const words = view.say(STATE_WORDS[state]).replaceAll('_', ' ');
  return <span class={`badge ${STATES[state].outcome}`}>{words}</span>;
}
