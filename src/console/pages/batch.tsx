/** One batch: how far it is, and its rows. */

import type { Child } from 'hono/jsx';
import { reasonsNow } from '../../app/batch-reasons.js';
import { batchRows, type ShownRow } from '../../app/batch-rows.js';
import { batchNamed, fileInWords, LOAD_AGAIN } from '../../app/batches.js';
import { replacedRows } from '../../app/check-words.js';
import { throughput, throughputInWords } from '../../app/pace.js';
import { sendingNow } from '../../app/sending-now.js';
import { waitingInWords } from '../../app/status-words.js';
import { batchToday } from '../../app/today.js';
import { limitsOf } from '../../app/wiring/limits.js';
import type { Batch } from '../../domain/batch.js';
import { OUTCOME_NAMES } from '../../domain/outcomes.js';
import type { Outcome } from '../../domain/registration.js';
import { ACTORS, type Actor, counted, type Words } from '../../domain/words.js';
import { forCreates } from '../../reporter/sending-status.js';
import { OutcomeBadge } from '../components/badge.js';
import { OutcomeBar } from '../components/bar.js';
import { sentInWords } from '../components/batch-table.js';
import { addressWith, NONE_SO_FAR, Pager } from '../components/pager.js';
import { Prose } from '../components/prose.js';
import { Reasons } from '../components/reasons.js';
import { filterIn, RowFilters } from '../components/row-filter.js';
import { DataTable } from '../components/table.js';
import { Live } from '../layout.js';
import type { Fragments, Route, View, Visit } from '../visit.js';
import { COLON, WORDS } from '../words.js';
import { Downloads } from './batch-files.js';

const BATCH = {
  loaded: { en: 'loaded', zh: '导入于' },
  left: { en: 'the last row is sent by', zh: '预计提交完：' },
  allSent: { en: 'every row was sent', zh: '已全部提交' },
  waits: { en: 'What pending rows wait for', zh: '处理中的行在等待' },
  rows: { en: 'Rows', zh: '各行' },
  outcome: { en: 'Outcome', zh: '结果' },
  who: { en: 'Who acts', zh: '由谁处理' },
  reasons: { en: 'Rows by reason', zh: '按原因统计' },
  retry: { en: 'Send rows again', zh: '重新提交' },
  cancel: { en: 'Withdraw rows', zh: '撤回' },
  line: { en: 'Line', zh: '行号' },
  merchant: { en: 'Merchant', zh: '商户' },
  reason: { en: 'Reason and next step', zh: '原因与处理办法' },
  dealtWith: (rows: number): Words => ({
    en: `${counted(rows, 'row')} left out here: replaced or corrected by a newer row, or of an enterprise that is under way or has its Mini Program. Without a filter every row is listed.`,
    zh: `此处略去 ${rows} 行：已由较新的一行取代或更正，或其企业正在办理、已有小程序。不筛选时列出全部行。`,
  }),
  noRow: { en: 'No row fits the filter.', zh: '没有符合筛选条件的行。' },
  purged: {
    en: 'The merchants of this batch were purged; its counts are kept.',
    zh: '本批次的商户信息已清除，仅保留数量。',
  },
} as const;

const MOST = 50;

export const batchRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/batches/:id',
    needs: 'viewer',
    live: async (view) => partsOf(view, await batchNamed(view.store, view.params.id)),
    async show(visit) {
      const { id = '' } = visit.params;
      const batch = await batchNamed(visit.store, id);
      const { head, reasons, rows } = await partsOf(visit, batch);
      return {
        title: fileInWords(batch.file),
        body: (
          <>
            <Live name="head">{head}</Live>
            {batch.purgedAt === undefined && visit.may('operator') && <Asks visit={visit} id={batch.id} />}
            <Live name="reasons">{reasons}</Live>
            <section>
              <h2>{visit.say(BATCH.rows)}</h2>
              <RowFilters view={visit} id={id} />
              <Downloads view={visit} id={id} />
              <Live name="rows">{rows}</Live>
            </section>
          </>
        ),
      };
    },
  },
];

async function partsOf(view: View, batch: Batch): Promise<Fragments & Record<'head' | 'reasons' | 'rows', Child>> {
  const [head, reasons, rows] = await Promise.all([headOf(view, batch), reasonsOf(view, batch), rowsOf(view, batch)]);
  return { head, reasons, rows };
}

async function headOf(view: View, batch: Batch) {
  const { store } = view;
  const [now, sending, callsPerMinute] = await Promise.all([
    batchToday(store, batch),
    sendingNow(store),
    store.calls.lastMinute(),
  ]);
  if (now === undefined) return null;
  const { left } = forCreates(sending, limitsOf(store.settings));
  const sent =
    now.sentBy === undefined
      ? view.say(now.later === 0 ? BATCH.allSent : sentInWords(undefined, now.later))
      : `${view.say(BATCH.left)} ${view.say(sentInWords(now.sentBy, now.later))}`;
  const waiting = view.say(waitingInWords(now.waiting));
  // Up to its last row, with the rows of older batches before it.
  const ready = now.ready === 0 ? 0 : now.toSend - (now.soon - now.ready);
  const rates = throughput(callsPerMinute, { ready, later: now.unsent - now.ready }, left);
  const pace = now.unsent > 0 ? throughputInWords(rates) : [];
  return (
    <section class="batch">
      <h1>
        <bdi>{view.say(fileInWords(now.file))}</bdi>
      </h1>
      <p class="under">
        <span class="id">{now.batch}</span> · {view.number(now.rows)} {view.say(WORDS.rows)} · {view.say(BATCH.loaded)}{' '}
        {[view.time(now.loadedAt), sent, ...pace.map(view.say)].join(' · ')}
      </p>
      {!now.complete && <p class="fault">{view.say(LOAD_AGAIN)}</p>}
      <OutcomeBar view={view} outcomes={now.outcomes} />
      <ul class="counts">
        {OUTCOME_NAMES.filter((name) => now.outcomes[name] !== undefined).map((name) => (
          <li>
            <a href={addressWith(`/batches/${encodeURIComponent(now.batch)}`, new URLSearchParams(), 'outcome', name)}>
              <OutcomeBadge view={view} outcome={name} /> <strong>{view.number(now.outcomes[name] ?? 0)}</strong>
            </a>
          </li>
        ))}
      </ul>
      {batch.replaces !== undefined && <p class="under">{view.say(replacedRows(batch.replaces))}</p>}
      {waiting !== '' && <p class="under">{`${view.say(BATCH.waits)}${view.say(COLON)}${waiting}`}</p>}
    </section>
  );
}

/** Links: each leads to a page that says what would be done, and asks. */
function Asks({ visit, id }: { visit: Visit; id: string }) {
  const { only } = filterIn(visit.query);
  const to = (ask: string): string =>
    addressWith(`/batches/${encodeURIComponent(id)}/${ask}`, new URLSearchParams(), 'outcome', only);
  return (
    <p class="buttons">
      <a class="button" href={to('retry')}>
        {visit.say(BATCH.retry)}
      </a>
      <a class="button danger" href={to('cancel')}>
        {visit.say(BATCH.cancel)}
      </a>
    </p>
  );
}

async function reasonsOf(view: View, batch: Batch) {
  if (batch.purgedAt !== undefined) return null;
  return (
    <section>
      <h2>{view.say(BATCH.reasons)}</h2>
      <Reasons view={view} id={batch.id} found={await reasonsNow(view.store, batch, view.language)} />
    </section>
  );
}

async function rowsOf(view: View, batch: Batch) {
  const { store, query, language } = view;
  if (batch.purgedAt !== undefined) return <p class="empty">{view.say(BATCH.purged)}</p>;
  const from = Math.max(Number.parseInt(query.get('from') ?? '0', 10) || 0, 0);
  const found = await batchRows(store, batch, { ...filterIn(query), from, most: MOST, language });
  return (
    <>
      <RowTable view={view} rows={found.rows} empty={view.say(found.isCutShort ? NONE_SO_FAR : BATCH.noRow)} />
      {found.dealtWith > 0 && <p class="under">{view.say(BATCH.dealtWith(found.dealtWith))}</p>}
      <Pager
        view={view}
        path={`/batches/${encodeURIComponent(batch.id)}`}
        by="from"
        next={found.next === undefined ? undefined : String(found.next)}
      />
    </>
  );
}

function RowTable({ view, rows, empty }: { view: View; rows: readonly ShownRow[]; empty: string }) {
  const hasMerchants = view.leadsTo('GET', '/merchants/:id');
  return (
    <DataTable
      caption={view.say(BATCH.rows)}
      rows={rows}
      empty={empty}
      columns={[
        { heading: view.say(BATCH.line), look: 'number', cell: ({ line }) => line },
        {
          heading: view.say(BATCH.merchant),
          look: 'name',
          cell: ({ name, registration_id: id, appid }) => (
            <>
              {hasMerchants && id !== '' ? (
                <a href={`/merchants/${id}`}>
                  <bdi>{name || id}</bdi>
                </a>
              ) : (
                <bdi>{name}</bdi>
              )}
              {appid !== '' && <small class="id">{appid}</small>}
            </>
          ),
        },
        {
          heading: view.say(BATCH.outcome),
          cell: ({ outcome, problem }) => (
            <>
              <OutcomeBadge view={view} outcome={outcome as Outcome} />
              {problem !== '' && <small class="id">{problem}</small>}
            </>
          ),
        },
        {
          heading: view.say(BATCH.who),
          cell: ({ who_acts: who }) => (who === '' ? '' : view.say(ACTORS[who as Actor])),
        },
        {
          heading: view.say(BATCH.reason),
          look: 'wide',
          cell: ({ reason, next_step: next }) => (
            <>
              {reason}
              {next !== '' && (
                <small>
                  <Prose view={view} text={next} />
                </small>
              )}
            </>
          ),
        },
      ]}
    />
  );
}
