/** One merchant: its details, whose turn it is, what to forward, and everything that happened. */
import { type MerchantFacts, merchantFacts } from '../../app/merchant.js';
import { addNote } from '../../app/note.js';
import { doOnce, newOnceId, REPEATED } from '../../app/once.js';
import { STATE_WORDS } from '../../domain/outcome-words.js';
import { STATES } from '../../domain/registration.js';
import { ACTORS, same, type Words } from '../../domain/words.js';
import { HISTORY_WORDS, saidBy, sentDetails } from '../../reporter/history.js';
import { troubleWith } from '../../reporter/sentences.js';
import { TODO_HEADINGS } from '../../reporter/todo.js';
import { inWords } from '../../wechat/own-words.js';
import { StateBadge } from '../components/badge.js';
import { CopyButton } from '../components/copy.js';
import { Countdown } from '../components/countdown.js';
import { Facts } from '../components/field.js';
import { Attempts, MerchantRows, Notes, Timeline } from '../components/merchant-parts.js';
import { Prose } from '../components/prose.js';
import { Qr } from '../components/qr.js';
import { Csrf, Live } from '../layout.js';
import type { Fragments, Route, View, Visit } from '../visit.js';
import { BUTTONS, COLON } from '../words.js';

const WORDS = {
  next: { en: 'Next step', zh: '下一步' },
  message: { en: 'To forward to the merchant', zh: '转发给商户' },
  link: { en: 'Link for the legal person', zh: '法人确认链接' },
  scan: { en: 'QR code of the link', zh: '链接的二维码' },
  details: { en: 'Details', zh: '商户信息' },
  state: { en: 'State', zh: '状态' },
  problem: { en: 'Problem', zh: '问题' },
  authorization: { en: 'Authorization', zh: '授权' },
  attempts: { en: 'Attempts', zh: '各次提交' },
  rows: { en: 'Rows and batches that name it', zh: '填写该商户的行和批次' },
  timeline: { en: 'What happened', zh: '经过' },
  notes: { en: 'Notes', zh: '备注' },
  note: { en: 'Note', zh: '备注' },
  contacted: { en: 'The merchant was contacted', zh: '已联系商户' },
  addNote: { en: 'Add the note', zh: '添加备注' },
  noted: { en: 'Noted.', zh: '已添加备注。' },
  retry: BUTTONS.retry,
  cancel: BUTTONS.cancel,
  correct: BUTTONS.correct,
} as const satisfies Record<string, Words>;

export const merchantRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/merchants/:id',
    needs: 'viewer',
    live,
    async show(visit) {
      const { id = '' } = visit.params;
      const { head, notes, facts, timeline } = await live(visit);
      return {
        // A name in the title would be in the browser's history.
        title: same(id),
        body: (
          <>
            <Live name="head">{head}</Live>
            <section>
              <h2>{visit.say(WORDS.notes)}</h2>
              <Live name="notes">{notes}</Live>
              {visit.may('operator') && <NoteForm visit={visit} id={id} />}
            </section>
            <Live name="facts">{facts}</Live>
            <Live name="timeline">{timeline}</Live>
          </>
        ),
      };
    },
  },
  {
    method: 'POST',
    path: '/merchants/:id/note',
    needs: 'operator',
    action: 'merchants.note',
    async act({ store, params, form, user, note }) {
      const { id = '' } = params;
      const contacted = form.contacted === 'yes';
      note(id, contacted ? 'contacted' : '');
      const done = await doOnce(store, form.once ?? '', async () => {
        await addNote(store.ledger, id, { text: form.text ?? '', who: user, contacted });
        return { to: `/merchants/${id}`, said: WORDS.noted };
      });
      if (done.isRepeated) note(id, REPEATED);
      return { to: done.to, said: done.said };
    },
  },
];

async function live(view: View): Promise<Fragments> {
  const facts = await merchantFacts(view.store, view.params.id ?? '', view.language);
  return {
    head: <Head view={view} facts={facts} />,
    notes: <Notes view={view} notes={facts.notes} />,
    facts: <Known view={view} facts={facts} />,
    timeline: (
      <section>
        <h2>{view.say(WORDS.timeline)}</h2>
        <Timeline view={view} entries={facts.timeline} />
      </section>
    ),
  };
}

function Head({ view, facts }: { view: View; facts: MerchantFacts }) {
  const { snapshot, merchant, next, speaks, contact, confirmBy } = facts;
  const { registration } = snapshot;
  const message = speaks?.row.message ?? '';
  const link = confirmBy === undefined ? undefined : registration.authorizeUrl;
  return (
    <>
      <div class="heading">
        <h1>
          <bdi>{merchant?.name ?? speaks?.name ?? registration.id}</bdi>
        </h1>
        <Buttons view={view} facts={facts} />
      </div>
      <p class="under">
        <StateBadge view={view} state={registration.state} /> <span class="id">{registration.id}</span>
        {merchant === undefined && ` · ${view.say(HISTORY_WORDS.purged)}`}
      </p>
      <div class="turn">
        <section class="line turn-next">
          <h2>{view.say(WORDS.next)}</h2>
          <p>
            <Prose view={view} text={view.say(next)} />
          </p>
          <p class="under">
            {`${view.say(HISTORY_WORDS.whoActs)}${COLON[view.language]}${view.say(ACTORS[next.acts])}`}
            {next.by !== undefined && confirmBy === undefined && (
              <>
                {' '}
                ·{' '}
                {`${view.say(registration.state === 'rejected' ? HISTORY_WORDS.waitEnds : HISTORY_WORDS.by)} ${view.time(next.by)}`}
              </>
            )}
            {confirmBy !== undefined && (
              <>
                {' · '}
                {`${view.say(HISTORY_WORDS.by)} ${view.time(confirmBy)} `}
                <Countdown view={view} endsAt={confirmBy} />
              </>
            )}
          </p>
          {contact !== '' && (
            <p>
              {`${view.say(TODO_HEADINGS.contact)}${COLON[view.language]}`}
              <bdi>{contact}</bdi>
            </p>
          )}
        </section>
        {message !== '' && (
          <section class="card">
            <div class="heading">
              <h2>{view.say(WORDS.message)}</h2>
              <CopyButton view={view} of="message" what={view.say(WORDS.message)} />
            </div>
            <p id="message">{message}</p>
          </section>
        )}
        {link !== undefined && (
          <section class="card link-card">
            <div class="heading">
              <h2>{view.say(WORDS.link)}</h2>
              <CopyButton view={view} of="link" what={view.say(WORDS.link)} />
            </div>
            <Qr text={link} label={view.say(WORDS.scan)} />
            <p id="link" class="id">
              {link}
            </p>
          </section>
        )}
      </div>
    </>
  );
}

/** Links, not forms: each leads to a page that says what would be done, and asks. */
function Buttons({ view, facts: { may, snapshot } }: { view: View; facts: MerchantFacts }) {
  const { id } = snapshot.registration;
  const shown = (['correct', 'retry', 'cancel'] as const).filter((ask) => may[ask] && view.may('operator'));
  return (
    <p class="buttons">
      {shown.map((ask) => (
        <a class={ask === 'cancel' ? 'button danger' : 'button'} href={`/merchants/${id}/${ask}`}>
          {view.say(WORDS[ask])}
        </a>
      ))}
    </p>
  );
}

function Known({ view, facts }: { view: View; facts: MerchantFacts }) {
  const { snapshot, merchant, others, rows, rowsInAll, attempts } = facts;
  const { registration } = snapshot;
  const { state, appid, authorizer, earlierAppids, said, problem } = registration;
  const trouble = troubleWith(registration);
  return (
    <>
      <section>
        <h2>{view.say(WORDS.details)}</h2>
        <Facts
          facts={[
            ...(merchant === undefined ? [] : sentDetails(merchant)).map(
              ([what, value]) => [view.say(what), <bdi>{value}</bdi>] as const,
            ),
            ...others.map(([heading, cell]) => [<bdi>{heading}</bdi>, <bdi>{cell}</bdi>] as const),
            [view.say(WORDS.state), `${view.say(STATE_WORDS[state])} · ${view.say(STATES[state])}`],
            ...(trouble === undefined || problem === undefined
              ? []
              : [
                  [
                    view.say(WORDS.problem),
                    <>
                      <span class="id">{problem}</span> {view.say(trouble)}
                    </>,
                  ] as const,
                ]),
            ...(said === undefined || said === ''
              ? []
              : [[view.say(HISTORY_WORDS[saidBy(said)]), <q>{view.say(inWords(said))}</q>] as const]),
            ...(appid === undefined ? [] : [['appid', <span class="id">{appid}</span>] as const]),
            ...(appid === undefined
              ? []
              : [[view.say(WORDS.authorization), view.say(HISTORY_WORDS[authorizer ?? 'notExchanged'])] as const]),
            ...(earlierAppids === undefined
              ? []
              : [[view.say(HISTORY_WORDS.earlierAppids), <span class="id">{earlierAppids.join(', ')}</span>] as const]),
            [view.say(HISTORY_WORDS.attempts), view.number(registration.attempt)],
          ]}
        />
      </section>
      <section>
        <h2>{view.say(WORDS.attempts)}</h2>
        <Attempts view={view} attempts={attempts} />
      </section>
      <section>
        <h2>{view.say(WORDS.rows)}</h2>
        <MerchantRows view={view} rows={rows} rowsInAll={rowsInAll} />
      </section>
    </>
  );
}

function NoteForm({ visit, id }: { visit: Visit; id: string }) {
  return (
    <form method="post" action={`/merchants/${id}/note`} class="note-form">
      <Csrf of={visit} />
      <input type="hidden" name="once" value={newOnceId()} />
      <label class="field grows">
        <span>{visit.say(WORDS.note)}</span>
        <input name="text" maxlength={500} autocomplete="off" />
      </label>
      <label class="tick">
        <input type="checkbox" name="contacted" value="yes" /> {visit.say(WORDS.contacted)}
      </label>
      <button type="submit">{visit.say(WORDS.addNote)}</button>
    </form>
  );
}
