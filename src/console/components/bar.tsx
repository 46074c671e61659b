import { OUTCOME_NAMES, OUTCOMES } from '../../domain/outcomes.js';
import type { Outcome } from '../../domain/registration.js';
import type { View } from '../visit.js';

const WIDTH = 1000;

/** Rows by outcome as one bar; its words say the same in black and white, and to a screen reader. */
export function OutcomeBar({ view, outcomes }: { view: View; outcomes: Partial<Record<Outcome, number>> }) {
  const counted = OUTCOME_NAMES.map((name) => ({ name, count: outcomes[name] ?? 0 })).filter(({ count }) => count > 0);
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  const label = counted.map(({ name, count }) => `${view.say(OUTCOMES[name])} ${view.number(count)}`).join(', ');
  let x = 0;
  return (
    <svg class="bar" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={label || '0'}>
      <title>{label}</title>
      <rect class="bar-ground" width={WIDTH} height="10" />
      {counted.map(({ name, count }) => {
        const width = (count / total) * WIDTH;
        const at = x;
        x += width;
        return <rect class={`fill-${name}`} x={at.toFixed(1)} width={Math.max(width, 3).toFixed(1)} height="10" />;
      })}
    </svg>
  );
}

/** How much of something is used. */
export function ShareBar({ used, limit, label }: { used: number; limit: number; label: string }) {
  const share = limit === 0 ? 1 : Math.min(used / limit, 1);
  const look = share >= 1 ? 'full' : share >= 0.9 ? 'nearly' : 'some';
  return (
    <svg class="bar" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={label}>
      <title>{label}</title>
      <rect class="bar-ground" width={WIDTH} height="10" />
      <rect class={`share-${look}`} width={(share * WIDTH).toFixed(1)} height="10" />
    </svg>
  );
}
