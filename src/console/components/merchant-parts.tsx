/** Parts of a merchant's page: its attempts, its rows, its notes, and its timeline. */
import { isoWithOffset } from '../../domain/calendar.js';
import { FACTS, type Outcome } from '../../domain/registration.js';
import type { HistoryEntry } from '../../domain/snapshot.js';
import type { Words } from '../../domain/words.js';
import type { Attempt } from '../../reporter/attempts.js';
import type { Found } from '../../reporter/find.js';
import { HISTORY_WORDS } from '../../reporter/history.js';
import type { TimelineEntry } from '../../reporter/timeline.js';
import type { View } from '../visit.js';
import { OutcomeBadge, StateBadge } from './badge.js';
import { Prose } from './prose.js';
import { DataTable } from './table.js';

const WORDS = {
  attempt: { en: 'Attempt', zh: '次序' },
  attempts: { en: 'Attempts', zh: '各次提交' },
  sent: { en: 'Sent', zh: '提交时间' },
  result: { en: 'Result', zh: '结果' },
  what: { en: 'What was answered', zh: '答复' },
  when: { en: 'When', zh: '时间' },
  open: { en: 'no answer yet', zh: '尚无答复' },
  notSent: { en: 'It was not sent yet.', zh: '尚未提交。' },
  rows: { en: 'Rows', zh: '各行' },
  sheet: { en: 'Sheet', zh: '表格' },
  line: { en: 'Line', zh: '行号' },
  outcome: { en: 'Outcome', zh: '结果' },
  reason: { en: 'Reason', zh: '原因' },
  correction: (by: string): Words => ({ en: `corrected by ${by}`, zh: `更正人：${by}` }),
  noRow: { en: 'Its rows were purged.', zh: '相关的行已清除。' },
  more: (shown: number, all: number): Words => ({
    en: `The newest ${shown} of ${all} rows.`,
    zh: `共 ${all} 行，显示最新的 ${shown} 行。`,
  }),
  contacted: { en: 'contacted', zh: '已联系' },
  noNote: { en: 'No note yet.', zh: '暂无备注。' },
} as const;

export function Attempts({ view, attempts }: { view: View; attempts: readonly Attempt[] }) {
  const numbered = attempts.map((attempt, at) => ({ ...attempt, number: at + 1 })).reverse();
  return (
    <DataTable
      caption={view.say(WORDS.attempts)}
      rows={numbered}
      empty={view.say(WORDS.notSent)}
      columns={[
        { heading: view.say(WORDS.attempt), look: 'number', cell: ({ number }) => number },
        { heading: view.say(WORDS.sent), cell: ({ sentAt }) => view.time(sentAt) },
        {
          heading: view.say(WORDS.result),
          cell: ({ to }) => (to === undefined ? view.say(WORDS.open) : <StateBadge view={view} state={to} />),
        },
        {
          heading: view.say(WORDS.what),
          look: 'wide',
          cell: ({ fact, problem, said, appid }) => (
            <>
              {fact !== undefined && <Prose view={view} text={view.say(FACTS[fact])} />}
              {[problem, appid].map((it) => it !== undefined && <small class="id">{it}</small>)}
              {said !== undefined && (
                <small>
                  <q>{said}</q>
                </small>
              )}
            </>
          ),
        },
        {
          heading: view.say(WORDS.when),
          cell: ({ settledAt }) => (settledAt === undefined ? '' : view.time(settledAt)),
        },
      ]}
    />
  );
}

export function MerchantRows({ view, rows, rowsInAll }: { view: View; rows: readonly Found[]; rowsInAll: number }) {
  return (
    <>
      <DataTable
        caption={view.say(WORDS.rows)}
        rows={rows}
        empty={view.say(WORDS.noRow)}
        columns={[
          {
            heading: view.say(WORDS.sheet),
            look: 'wide',
            cell: ({ batch }) => (
              <>
                <a href={`/batches/${encodeURIComponent(batch.id)}`}>
                  <bdi>{batch.file}</bdi>
                </a>
                <small>
                  {view.time(batch.loadedAt)}
                  {batch.correction !== undefined && ` · ${view.say(WORDS.correction(batch.correction.by))}`}
                </small>
              </>
            ),
          },
          { heading: view.say(WORDS.line), look: 'number', cell: ({ row }) => row.line },
          {
            heading: view.say(WORDS.outcome),
            cell: ({ row: { outcome, problem } }) => (
              <>
                <OutcomeBadge view={view} outcome={outcome as Outcome} />
                {problem !== '' && <small class="id">{problem}</small>}
              </>
            ),
          },
          { heading: view.say(WORDS.reason), look: 'wide', cell: ({ row }) => row.reason },
        ]}
      />
      {rowsInAll > rows.length && rows.length > 0 && (
        <p class="under">{view.say(WORDS.more(rows.length, rowsInAll))}</p>
      )}
    </>
  );
}

export function Notes({ view, notes }: { view: View; notes: readonly HistoryEntry[] }) {
  if (notes.length === 0) return <p class="under">{view.say(WORDS.noNote)}</p>;
  return (
    <ul class="notes">
      {notes.toReversed().map(({ at, who = '', note = '', contacted }) => (
        <li>
          <span class="under">
            {view.time(at)} · <bdi>{who}</bdi>
          </span>
          {contacted && (
            <>
              {' '}
              <span class="badge created">{view.say(WORDS.contacted)}</span>
            </>
          )}{' '}
          <bdi>{note}</bdi>
        </li>
      ))}
    </ul>
  );
}

/** The newest first. */
export function Timeline({ view, entries }: { view: View; entries: readonly TimelineEntry[] }) {
  const { quotaTimezone } = view.store.settings;
  return (
    <ol class="timeline" reversed>
      {entries.toReversed().map(({ at, kind, particulars, to, until, by, sentence, pushedAt, more }) => (
        <li class={kind === 'noted' ? 'note' : undefined}>
          <p class="under">
            {at === undefined ? (
              view.say(HISTORY_WORDS.before)
            ) : (
              <time datetime={isoWithOffset(at, quotaTimezone)} title={isoWithOffset(at, quotaTimezone)}>
                {view.time(at)}
              </time>
            )}
            {by !== undefined && (
              <>
                {' · '}
                <bdi>{by}</bdi>
              </>
            )}
            {kind !== 'noted' && (
              <>
                {' '}
                <span class="id">{kind}</span>
              </>
            )}
          </p>
          <p>
            {kind === 'noted' ? sentence : <Prose view={view} text={sentence} />}
            {pushedAt !== undefined && `${view.say(HISTORY_WORDS.sentAt)} ${view.time(pushedAt)}`}
          </p>
          {particulars.map((it) => (
            <p class="id">{it}</p>
          ))}
          {more.map((it) => (
            <p>{it}</p>
          ))}
          {to !== undefined && (
            <p>
              → <StateBadge view={view} state={to} />
              {until !== undefined && ` ${view.say(HISTORY_WORDS.until)} ${view.time(until)}`}
            </p>
          )}
          {to === undefined && kind !== 'noted' && <p class="under">{view.say(HISTORY_WORDS.changedNothing)}</p>}
        </li>
      ))}
    </ol>
  );
}
