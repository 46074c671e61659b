import type { RowFilter } from '../../app/batch-rows.js';
import { OUTCOME_NAMES, OUTCOMES } from '../../domain/outcomes.js';
import { ACTORS, type Actor, type Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { WORDS } from '../words.js';
import { Choice, FormField } from './field.js';

const LABELS = {
  outcome: { en: 'Outcome', zh: '结果' },
  who: { en: 'Who acts', zh: '由谁处理' },
  problem: { en: 'Problem', zh: '问题代码' },
} as const satisfies Record<string, Words>;

/** What is no filter is none. */
export function filterIn(query: URLSearchParams): RowFilter {
  const [outcome, who, problem] = ['outcome', 'who', 'problem'].map((name) => query.get(name)?.trim() || undefined);
  return {
    only: OUTCOME_NAMES.find((name) => name === outcome),
    who: (Object.keys(ACTORS) as Actor[]).find((name) => name === who),
    problem,
  };
}

export function RowFilters({ view, id }: { view: View; id: string }) {
  const { only, who, problem } = filterIn(view.query);
  const any = { value: '', words: view.say(WORDS.all) };
  const actors = Object.entries(ACTORS).map(([value, words]) => ({ value, words: view.say(words) }));
  return (
    <form class="filters" method="get" action={`/batches/${encodeURIComponent(id)}`} data-submits>
      <Choice
        label={view.say(LABELS.outcome)}
        name="outcome"
        value={only}
        choices={[any, ...OUTCOME_NAMES.map((value) => ({ value, words: view.say(OUTCOMES[value]) }))]}
      />
      <Choice label={view.say(LABELS.who)} name="who" value={who} choices={[any, ...actors]} />
      <FormField label={view.say(LABELS.problem)} name="problem" type="search" maxlength={80} value={problem ?? ''} />
      <button type="submit">{view.say(WORDS.filter)}</button>
    </form>
  );
}
