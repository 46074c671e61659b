import { OUTCOMES } from '../../domain/outcomes.js';
import type { Outcome } from '../../domain/registration.js';
import type { View } from '../visit.js';

/** An outcome, by its word, a colour and a sign that is seen without colours. */
export function OutcomeBadge({ view, outcome }: { view: View; outcome: Outcome }) {
  return <span class={`badge ${outcome}`}>{view.say(OUTCOMES[outcome])}</span>;
}
