/** Merchants by what a person knows of them. The text is sent by POST and kept, so that names are in no address and no log. */
import type { Child } from 'hono/jsx';
import { findMerchants } from '../../app/find.js';
import { NONE_FOUND } from '../../app/find-words.js';
import type { Outcome } from '../../domain/registration.js';
import type { Words } from '../../domain/words.js';
import { openTypedForms } from '../../redis/console-typed.js';
import type { Found } from '../../reporter/find.js';
import { OutcomeBadge } from '../components/badge.js';
import { Prose } from '../components/prose.js';
import { type TableColumn, TableFrame, TableRow } from '../components/table.js';
import { Csrf, Later } from '../layout.js';
import type { ConsolePage, Route, Visit } from '../visit.js';
import { WORDS as COMMON } from '../words.js';

const WORDS = {
  title: { en: 'Merchants', zh: '商户' },
  results: { en: 'Rows that were found', zh: '查找结果' },
  find: { en: 'Find', zh: '查找' },
  what: {
    en: 'A name or a part of it, a code, a Weixin ID, a telephone number as the sheet writes it or the text of any other cell, an appid, a task id or a registration. Every batch is searched, the newest sheet first.',
    zh: '可输入名称或其中一部分、统一社会信用代码、微信号、电话（与表格中的写法相同）、表格中其他单元格的内容、AppID、任务编号或商户编号。查找所有批次，最新的表格在前。',
  },
  merchant: { en: 'Merchant', zh: '商户' },
  outcome: { en: 'Outcome', zh: '结果' },
  reason: { en: 'Reason and next step', zh: '原因与处理办法' },
  place: { en: 'Sheet', zh: '表格' },
  line: (line: string): Words => ({ en: `line ${line}`, zh: `第 ${line} 行` }),
  more: (count: number): Words => ({
    en: `There are more. Show up to ${count}`,
    zh: `还有更多结果，最多显示 ${count} 条`,
  }),
  mostShown: {
    en: 'There are more. Look for a longer part of the name, or for the code.',
    zh: '还有更多结果。请输入名称中较长的一部分，或用代码查找。',
  },
} as const;

/** As `find` shows them; asked for again, ten times as many. */
const [FIRST, MOST] = [50, 500];

export const merchantsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/merchants',
    needs: 'viewer',
    async show(visit) {
      const typed = await openTypedForms(visit.store.redis).find(visit.csrf, visit.query.get('typed') ?? '');
      return typed === undefined ? page(visit, '', undefined) : page(visit, typed.q ?? '', Number(typed.most));
    },
  },
  {
    method: 'POST',
    path: '/merchants',
    needs: 'viewer',
    action: undefined,
    async act({ store, csrf, form }) {
      const q = (form.q ?? '').trim().slice(0, 200);
      if (q === '') return { to: '/merchants' };
      const most = String(form.most === String(MOST) ? MOST : FIRST);
      return { to: `/merchants?typed=${await openTypedForms(store.redis).keep(csrf, { q, most })}` };
    },
  },
];

function page(visit: Visit, text: string, most: number | undefined): ConsolePage {
  const columns = columnsOf(visit);
  return {
    title: WORDS.title,
    body: (
      <>
        <h1>{visit.say(WORDS.title)}</h1>
        <form method="post" action="/merchants" class="filters">
          <Csrf of={visit} />
          <label class="field grows">
            <span>{visit.say(COMMON.search)}</span>
            <input type="search" name="q" value={text} maxlength={200} required autocomplete="off" />
          </label>
          <button type="submit" class="main">
            {visit.say(WORDS.find)}
          </button>
        </form>
        {most === undefined ? (
          <p class="under">{visit.say(WORDS.what)}</p>
        ) : (
          <TableFrame caption={visit.say(WORDS.results)} columns={columns}>
            <Later />
          </TableFrame>
        )}
      </>
    ),
    ...(most !== undefined && { later: rows(visit, text, most, columns) }),
  };
}

async function* rows(
  visit: Visit,
  text: string,
  most: number,
  columns: readonly TableColumn<Found>[],
): AsyncGenerator<Child> {
  let count = 0;
  for await (const found of findMerchants(visit.store, text, visit.language)) {
    if (count === most) {
      yield <Summary>{most < MOST ? <More visit={visit} text={text} /> : visit.say(WORDS.mostShown)}</Summary>;
      return;
    }
    count += 1;
    yield <TableRow columns={columns} row={found} />;
  }
  if (count === 0) yield <Summary>{visit.say(NONE_FOUND(text))}</Summary>;
}

function Summary({ children }: { children?: Child }) {
  return (
    <tr>
      <td class="summary" colspan={4}>
        {children}
      </td>
    </tr>
  );
}

function More({ visit, text }: { visit: Visit; text: string }) {
  return (
    <form method="post" action="/merchants">
      <Csrf of={visit} />
      <input type="hidden" name="q" value={text} />
      <button type="submit" class="quiet" name="most" value={String(MOST)}>
        {visit.say(WORDS.more(MOST))}
      </button>
    </form>
  );
}

function columnsOf(visit: Visit): TableColumn<Found>[] {
  return [
    {
      heading: visit.say(WORDS.merchant),
      look: 'wide',
      cell: ({ name, row: { registration_id: id, appid } }) => (
        <>
          {id === '' ? (
            <bdi>{name}</bdi>
          ) : (
            <a href={`/merchants/${id}`}>
              <bdi>{name || id}</bdi>
            </a>
          )}
          {appid !== '' && <small class="id">{appid}</small>}
        </>
      ),
    },
    {
      heading: visit.say(WORDS.outcome),
      cell: ({ row: { outcome, problem } }) => (
        <>
          <OutcomeBadge view={visit} outcome={outcome as Outcome} />
          {problem !== '' && <small class="id">{problem}</small>}
        </>
      ),
    },
    {
      heading: visit.say(WORDS.reason),
      look: 'wide',
      cell: ({ row: { reason, next_step: next } }) => (
        <>
          {visit.say({ en: reason, zh: reason })}
          {next !== '' && (
            <small>
              <Prose view={visit} text={next} />
            </small>
          )}
        </>
      ),
    },
    {
      heading: visit.say(WORDS.place),
      look: 'wide',
      cell: ({ batch, row: { line } }) => (
        <>
          <a href={`/batches/${encodeURIComponent(batch.id)}`}>
            <bdi>{batch.file}</bdi>
          </a>
          <small>{visit.say(WORDS.line(line))}</small>
        </>
      ),
    },
  ];
}
