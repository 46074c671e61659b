/** Merchants to contact, the most urgent first: what `todo` prints, with what is needed to do it at once. */
import { createHash } from 'node:crypto';
import { addNote, addRowNote } from '../../app/note.js';
import { doOnce, REPEATED } from '../../app/once.js';
import { RequestError } from '../../app/request-error.js';
import { SETTLE_SUMMARY, TODO_SUMMARY } from '../../app/todo.js';
import { type TodoPage, todoPage } from '../../app/todo-list.js';
import { MOST_TODOS } from '../../app/todo-overview.js';
import { isIdentity } from '../../domain/merchant.js';
import type { Outcome } from '../../domain/registration.js';
import { batchOf } from '../../domain/row.js';
import { ACTORS, type Actor, type Words } from '../../domain/words.js';
import { TO_CONTACT, TO_SETTLE, type Todo } from '../../reporter/todo.js';
import { OutcomeBadge } from '../components/badge.js';
import { CopyButton } from '../components/copy.js';
import { Countdown } from '../components/countdown.js';
import { Choice } from '../components/field.js';
import { Pager } from '../components/pager.js';
import { Prose } from '../components/prose.js';
import { Qr } from '../components/qr.js';
import { Csrf, Live } from '../layout.js';
import type { Fragments, Route, View, Visit } from '../visit.js';
import { WORDS as COMMON } from '../words.js';

const WORDS = {
  title: { en: 'To contact', zh: '待联系' },
  who: { en: 'Who acts', zh: '由谁处理' },
  contacted: { en: 'Contacted', zh: '已联系' },
  contactedAgain: { en: 'Contacted again', zh: '再次联系' },
  merchants: { en: 'merchants and legal persons', zh: '商户和法人' },
  which: { en: 'Contact', zh: '联系情况' },
  notYet: { en: 'not contacted yet', zh: '尚未联系' },
  by: (at: string, who: string): Words => ({ en: `contacted ${at} by ${who}`, zh: `${at} 已联系（${who}）` }),
  note: { en: 'Note', zh: '备注' },
  message: { en: 'Message', zh: '消息' },
  link: { en: 'Link', zh: '链接' },
  code: { en: 'QR code', zh: '二维码' },
  scan: { en: 'QR code of the link', zh: '链接的二维码' },
  line: (file: string, line: string): Words => ({ en: `line ${line} of ${file}`, zh: `${file} 第 ${line} 行` }),
  none: { en: 'No merchant has to be contacted.', zh: '没有需要联系的商户。' },
  noneFits: { en: 'No merchant fits the filter.', zh: '没有符合筛选条件的商户。' },
  cut: (shown: string): Words => ({
    en: `The ${shown} most urgent are listed; the command \`fastregister todo\` has all.`,
    zh: `列出最紧急的 ${shown} 个；需要全部名单时请联系工程师（\`fastregister todo\`）。`,
  }),
  noted: { en: 'Noted: the merchant was contacted.', zh: '已记录：已联系商户。' },
  stale: {
    en: 'This list is no longer the present one. Nothing was noted; open the page again.',
    zh: '列表已不是最新，未记录，请重新打开页面。',
  },
} as const;

export const READING: Words = {
  en: 'The sheets are still being read; the list fills by itself.',
  zh: '正在读取各表格，列表会自动补全。',
};

const MOST = 25;
const LISTED = [...TO_CONTACT, ...TO_SETTLE];
const OPEN = 'open';

export const todoRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/todo',
    needs: 'viewer',
    live,
    async show(visit) {
      const { summary, list } = await live(visit);
      const query = visit.query.toString();
      return {
        title: WORDS.title,
        body: (
          <>
            <h1>{visit.say(WORDS.title)}</h1>
            <Live name="summary">{summary}</Live>
            <Filters visit={visit} />
            {/* The controls of the list belong to it by its id: what many look at has no token of a session. */}
            <form id="contacted" method="post" action="/todo/contacted">
              <Csrf of={visit} />
              <input type="hidden" name="to" value={query === '' ? '/todo' : `/todo?${query}`} />
              {/* The Enter key would press the first button of the form, which is that of another merchant. */}
              <button type="submit" disabled hidden />
            </form>
            <Live name="list">{list}</Live>
          </>
        ),
      };
    },
  },
  {
    method: 'POST',
    path: '/todo/contacted',
    needs: 'operator',
    action: 'merchants.note',
    async act({ store, form, user, note }) {
      const [about = '', seen = ''] = (form.about ?? '').split('.');
      const isRow = /^[\w-]+\/\d{1,9}$/.test(about);
      const subject = isRow ? batchOf(about) : isIdentity(about) ? about : '';
      note(subject, 'contacted');
      if (subject === '') throw new RequestError('refused', WORDS.stale);
      const done = await doOnce(store, onceOf(about, seen, user), async () => {
        const input = { text: form[`note-${about}`] ?? '', who: user, contacted: true };
        await (isRow ? addRowNote(store, about, input) : addNote(store.ledger, about, input));
        return { to: '/todo', said: WORDS.noted };
      });
      if (done.isRepeated) note(subject, REPEATED);
      return { to: form.to || done.to, said: done.said };
    },
  },
];

/** The same button pressed twice is one contact; after any note the page has another button. */
function onceOf(about: string, seen: string, user: string): string {
  return createHash('sha256').update(`contacted ${about} ${seen} ${user}`).digest('base64url').slice(0, 22);
}

function filterIn({ query }: View) {
  const from = Math.min(Math.max(Number.parseInt(query.get('from') ?? '0', 10) || 0, 0), MOST_TODOS);
  return {
    from,
    who: LISTED.find((name) => name === query.get('who')),
    notContacted: query.get('contacted') === OPEN,
  };
}

function Filters({ visit }: { visit: Visit }) {
  const { who, notContacted } = filterIn(visit);
  const any = { value: '', words: visit.say(COMMON.all) };
  return (
    <form class="filters" method="get" action="/todo" data-submits>
      <Choice
        label={visit.say(WORDS.who)}
        name="who"
        value={who}
        choices={[
          { value: '', words: visit.say(WORDS.merchants) },
          ...LISTED.map((value) => ({ value, words: visit.say(ACTORS[value]) })),
        ]}
      />
      <Choice
        label={visit.say(WORDS.which)}
        name="contacted"
        value={notContacted ? OPEN : ''}
        choices={[any, { value: OPEN, words: visit.say(WORDS.notYet) }]}
      />
      <button type="submit">{visit.say(COMMON.filter)}</button>
    </form>
  );
}

async function live(view: View): Promise<Fragments> {
  const filter = filterIn(view);
  const page = await todoPage(view.store, { ...filter, most: MOST, language: view.language });
  return { summary: <Summary view={view} page={page} />, list: <List view={view} page={page} /> };
}

function Summary({ view, page }: { view: View; page: TodoPage }) {
  const { isToSettle, inAll, urgent, contacted, isReading } = page;
  return (
    <p class="under">
      {view.say(isToSettle ? SETTLE_SUMMARY(inAll, contacted) : TODO_SUMMARY(inAll, urgent, contacted))}
      {inAll > MOST_TODOS && <Prose view={view} text={` ${view.say(WORDS.cut(view.number(MOST_TODOS)))}`} />}
      {isReading && ` ${view.say(READING)}`}
    </p>
  );
}

function List({ view, page }: { view: View; page: TodoPage }) {
  const { todos, next } = page;
  const { from, who, notContacted } = filterIn(view);
  const isFiltered = from > 0 || who !== undefined || notContacted;
  if (todos.length === 0) return <p class="empty">{view.say(isFiltered ? WORDS.noneFits : WORDS.none)}</p>;
  return (
    <>
      <ol class="todos">
        {todos.map((todo) => (
          <Item view={view} todo={todo} />
        ))}
      </ol>
      <Pager view={view} path="/todo" by="from" next={next === undefined ? undefined : String(next)} />
    </>
  );
}

function Item({ view, todo }: { view: View; todo: Todo }) {
  const { row, confirmBy, merchant, contact, file } = todo;
  const { registration_id: id, who_acts: who, message, authorize_url: link, reason, next_step: next } = row;
  // A row that our checks refused has no registration: its place is its name.
  const name = id === '' ? `${row.batch}-${row.line}` : id;
  return (
    <li class="card todo">
      <div class="todo-what">
        <p class="todo-merchant">
          {id === '' ? (
            <bdi>{merchant || view.say(WORDS.line(file, row.line))}</bdi>
          ) : (
            <a href={`/merchants/${id}`}>
              <bdi>{merchant || id}</bdi>
            </a>
          )}
          {confirmBy !== undefined && <Countdown view={view} endsAt={confirmBy} />}
        </p>
        <p class="under">
          <OutcomeBadge view={view} outcome={row.outcome as Outcome} /> {view.say(ACTORS[who as Actor])}
          {contact !== '' && (
            <>
              {' · '}
              <bdi>{contact}</bdi>
            </>
          )}
          {' · '}
          <a href={`/batches/${encodeURIComponent(row.batch)}`}>
            <bdi>{view.say(WORDS.line(file, row.line))}</bdi>
          </a>
        </p>
        <p>
          {reason}{' '}
          {next !== '' && (
            <small>
              <Prose view={view} text={next} />
            </small>
          )}
        </p>
        <Forwarded view={view} name={name} message={message} link={link} />
      </div>
      <Contact view={view} todo={todo} />
    </li>
  );
}

function Forwarded({ view, name, message, link }: { view: View; name: string; message: string; link: string }) {
  return (
    <div class="forwarded">
      {message !== '' && (
        <details id={`details-${name}`}>
          <summary>{view.say(WORDS.message)}</summary>
          <p id={`message-${name}`}>{message}</p>
        </details>
      )}
      {message !== '' && <CopyButton view={view} of={`message-${name}`} what={view.say(WORDS.message)} />}
      {link !== '' && (
        <details id={`link-details-${name}`}>
          <summary>{`${view.say(WORDS.link)} · ${view.say(WORDS.code)}`}</summary>
          <p id={`link-${name}`} class="id">
            {link}
          </p>
          <Qr text={link} label={view.say(WORDS.scan)} />
        </details>
      )}
      {link !== '' && <CopyButton view={view} of={`link-${name}`} what={view.say(WORDS.link)} />}
    </div>
  );
}

function Contact({ view, todo: { merchant, notedBy: about, notes } }: { view: View; todo: Todo }) {
  const { contactedAt, contactedBy = '', text = '', notedAt } = notes;
  return (
    <div class="todo-contact">
      {contactedAt !== undefined && (
        <p class="contacted-by">✓ {view.say(WORDS.by(view.time(contactedAt), contactedBy))}</p>
      )}
      {text !== '' && (
        <p>
          <bdi>{text}</bdi>
        </p>
      )}
      {view.may('operator') && (
        <div class="inline">
          <input
            id={`note-${about}`}
            name={`note-${about}`}
            form="contacted"
            maxlength={500}
            autocomplete="off"
            aria-label={`${view.say(WORDS.note)}: ${merchant}`}
            placeholder={view.say(WORDS.note)}
            data-enter={`tick-${about}`}
          />
          <button
            type="submit"
            id={`tick-${about}`}
            form="contacted"
            name="about"
            value={`${about}.${notedAt ?? ''}`}
            aria-label={`${view.say(WORDS.contacted)}: ${merchant}`}
          >
            {view.say(contactedAt === undefined ? WORDS.contacted : WORDS.contactedAgain)}
          </button>
        </div>
      )}
    </div>
  );
}
