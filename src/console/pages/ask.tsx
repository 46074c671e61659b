/** Sending again and withdrawing, of a batch or of one merchant: what it would do, and a button that does it. */
import { type Asked, type AskedFor, answerAsked, ask } from '../../app/asked.js';
import { REPEATED } from '../../app/once.js';
import { ASK_WORDS, previewLines } from '../../app/retry-cancel-words.js';
import type { Ask } from '../../domain/operator.js';
import { OUTCOME_NAMES, OUTCOMES } from '../../domain/outcomes.js';
import type { Words } from '../../domain/words.js';
import { Choice, FormField } from '../components/field.js';
import { Csrf } from '../layout.js';
import type { ActionVisit, Route, Visit } from '../visit.js';
import { BUTTONS, COLON, WORDS as COMMON } from '../words.js';

const TITLES: Readonly<Record<Ask, Words>> = BUTTONS;

const WORDS = {
  usual: { en: 'those for which it makes sense', zh: '适用的各行' },
  outcome: { en: 'Only rows with the outcome', zh: '只处理结果为' },
  notNamed: { en: 'not checked', zh: '未核实' },
  count: { en: 'Count again', zh: '重新统计' },
  insist: { en: 'The outcome, as you have checked it', zh: '您已核实的结果' },
  because: { en: 'Why, for the history', zh: '原因（记入商户的经过）' },
  back: { en: 'Back', zh: '返回' },
} as const satisfies Record<string, Words>;

const KINDS = ['batches', 'merchants'] as const;

export const askRoutes: readonly Route[] = KINDS.flatMap((kind) =>
  (['retry', 'cancel'] as const).flatMap((which): Route[] => [
    {
      method: 'GET',
      path: `/${kind}/:id/${which}`,
      needs: 'operator',
      async show(visit) {
        const asked = askedIn(visit, kind, which, visit.query.get('outcome'));
        const found = await ask(visit.store, asked);
        return { title: TITLES[which], body: <Preview visit={visit} asked={asked} found={found} /> };
      },
    },
    {
      method: 'POST',
      path: `/${kind}/:id/${which}`,
      needs: 'operator',
      action: `${kind}.${which}`,
      act: (visit) => answer(visit, askedIn(visit, kind, which, visit.form.outcome)),
    },
  ]),
);

function askedIn(visit: Visit, kind: AskedFor['kind'], which: Ask, outcome: string | null | undefined): AskedFor {
  const only = OUTCOME_NAMES.find((name) => name === outcome);
  return { ask: which, kind, id: visit.params.id ?? '', only };
}

async function answer({ store, form, user, language, note }: ActionVisit, asked: AskedFor) {
  note(asked.id);
  const { once = '', because = '' } = form;
  const done = await answerAsked(store, { ...asked, once, because, who: user, language });
  if (done.isRepeated) note(asked.id, REPEATED);
  else if (done.moved !== undefined) note(asked.id, String(done.moved));
  return { to: done.to, said: done.said };
}

function Preview({ visit, asked, found }: { visit: Visit; asked: AskedFor; found: Asked }) {
  const { kind, id, only } = asked;
  const { summary, once, name } = found;
  const words = ASK_WORDS[asked.ask];
  const own = `/${kind}/${encodeURIComponent(id)}`;
  const title = visit.say(TITLES[asked.ask]);
  const [first, ...others] = previewLines(summary).map((line) => visit.say(line));
  return (
    <>
      <h1>
        {title}
        {COLON[visit.language]}
        <bdi>{name || id}</bdi>
      </h1>
      {(kind === 'batches' || asked.ask === 'retry') && <Only visit={visit} asked={asked} />}
      <section class="card preview">
        <p>
          <strong>{first}</strong>
        </p>
        {others.map((line) => (
          <p class={line.startsWith('  ') ? 'group' : undefined}>{line.trim()}</p>
        ))}
        {summary.can === 0 && <p>{visit.say(words.none)}</p>}
      </section>
      {summary.can > 0 && (
        <form method="post" action={`${own}/${asked.ask}`} class="confirmation">
          <Csrf of={visit} />
          <input type="hidden" name="once" value={once} />
          <input type="hidden" name="outcome" value={only ?? ''} />
          <FormField label={visit.say(WORDS.because)} name="because" maxlength={500} autocomplete="off" />
          <p class="buttons">
            <button type="submit" class={asked.ask === 'cancel' ? 'danger' : 'main'}>
              {visit.say(verbOf(words.question(summary.can)))}
            </button>
            <a class="button" href={own}>
              {visit.say(COMMON.cancel)}
            </a>
          </p>
        </form>
      )}
      {summary.can === 0 && (
        <p>
          <a class="button" href={own}>
            {visit.say(WORDS.back)}
          </a>
        </p>
      )}
    </>
  );
}

/** What `--only` is to the command: rows of one outcome, and the way to insist where it is not known, or hopeless. */
function Only({ visit, asked: { kind, id, ask: which, only } }: { visit: Visit; asked: AskedFor }) {
  const any = { value: '', words: visit.say(kind === 'batches' ? WORDS.usual : WORDS.notNamed) };
  return (
    <form class="filters" method="get" action={`/${kind}/${encodeURIComponent(id)}/${which}`} data-submits>
      <Choice
        label={visit.say(kind === 'batches' ? WORDS.outcome : WORDS.insist)}
        name="outcome"
        value={only}
        choices={[any, ...OUTCOME_NAMES.map((value) => ({ value, words: visit.say(OUTCOMES[value]) }))]}
      />
      <button type="submit">{visit.say(WORDS.count)}</button>
    </form>
  );
}

/** The question of the command, as the button that answers it. */
function verbOf({ en, zh }: Words): Words {
  return { en: en.replace(/\?$/, ''), zh: zh.replace(/^将|。$/gu, '') };
}
