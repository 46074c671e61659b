/** What loading a sheet would do: the numbers and the words of `check`. */

import type { CheckResult, Forecast } from '../../app/check.js';
import { PLAN_WORDS } from '../../app/check-words.js';
import { planFacts } from '../../app/plan-facts.js';
import { NOT_SENT, REPLACES } from '../../app/row-problems.js';
import { FINDING_KINDS, type FindingKind, kindOf } from '../../app/uploads/findings.js';
import { dayInWords } from '../../domain/calendar.js';
import { problemReason } from '../../domain/problems.js';
import { DIFFERING_DUPLICATE, DUPLICATE, REPLACED } from '../../domain/row.js';
import { counted, same, type Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { Facts } from './field.js';
import { addressWith } from './pager.js';
import { DataTable } from './table.js';

type CheckPlan = CheckResult['plan'];

export const FINDING_WORDS: Readonly<Record<FindingKind, Words>> = {
  correct: { en: 'to correct', zh: '需更正' },
  look: { en: 'to look at', zh: '需留意' },
  repaired: { en: 'repaired', zh: '已自动修正' },
  not_sent: { en: 'not sent', zh: '不提交' },
};

const WORDS = {
  ready: { en: 'Ready to be sent', zh: '可提交' },
  ofRows: (rows: string): Words => ({ en: `of ${rows} ${rows === '1' ? 'row' : 'rows'}`, zh: `共 ${rows} 行` }),
  correct: { en: 'To correct', zh: '需更正' },
  refused: { en: 'rows that are not sent until they are corrected', zh: '更正后才会提交' },
  notSent: { en: 'Not sent', zh: '不提交' },
  why: { en: 'duplicates, registered already, in progress', zh: '重复、此前已创建或处理中' },
  finish: { en: 'All sent on', zh: '全部提交完成日期' },
  never: { en: 'nothing to send', zh: '无可提交的行' },
  days: (days: number, calls: string): Words => ({
    en: `${calls} ${calls === '1' ? 'call' : 'calls'}, ${counted(days, 'day')} at today's quota`,
    zh: `${calls} 次提交，按今日额度需 ${days} 天`,
  }),
  plan: { en: 'Plan', zh: '提交计划' },
  found: { en: 'What was found', zh: '检查结果' },
  what: { en: 'What', zh: '内容' },
  rows: { en: 'Rows', zh: '行数' },
  kind: { en: 'Kind', zh: '类别' },
  cells: { en: 'Cells', zh: '单元格' },
  nothing: { en: 'Nothing to correct, and nothing was repaired.', zh: '没有需更正之处，也没有自动修正。' },
} as const;

const LOOKS: Readonly<Record<FindingKind, string>> = {
  correct: 'invalid',
  look: 'needs_review',
  repaired: 'created',
  not_sent: 'duplicate',
};

export function KindBadge({ view, kind }: { view: View; kind: FindingKind }) {
  return <span class={`badge ${LOOKS[kind]}`}>{view.say(FINDING_WORDS[kind])}</span>;
}

export function notSentOf({ duplicate, already_created: already, in_progress: progress, waits }: CheckPlan): number {
  return duplicate + already + progress + waits;
}

export function PlanFigures({ view, plan, forecast }: { view: View; plan: CheckPlan; forecast: Forecast }) {
  const { sentBy, days } = forecast;
  return (
    <section class="figures">
      <Figure
        title={view.say(WORDS.ready)}
        value={view.number(plan.ready)}
        under={view.say(WORDS.ofRows(view.number(plan.rows)))}
      />
      <Figure
        title={view.say(WORDS.correct)}
        value={view.number(plan.invalid)}
        under={plan.invalid > 0 ? view.say(WORDS.refused) : ''}
      />
      <Figure
        title={view.say(WORDS.notSent)}
        value={view.number(notSentOf(plan))}
        under={notSentOf(plan) > 0 ? view.say(WORDS.why) : ''}
      />
      <Figure
        title={view.say(WORDS.finish)}
        isDate
        value={sentBy === undefined ? '–' : view.say(dayInWords(sentBy, Date.now()))}
        under={view.say(sentBy === undefined ? WORDS.never : WORDS.days(days, view.number(plan.ready)))}
      />
    </section>
  );
}

interface FigureProps {
  readonly title: string;
  readonly value: string;
  readonly under: string;
  readonly isDate?: boolean;
}

function Figure({ title, value, under, isDate = false }: FigureProps) {
  return (
    <div class="figure">
      <h2>{title}</h2>
      <p class={isDate ? 'value date' : 'value'}>{value}</p>
      <p>{under}</p>
    </div>
  );
}

/** Line by line as `check` prints it. */
export function PlanFacts({ view, plan, forecast }: { view: View; plan: CheckPlan; forecast: Forecast }) {
  const facts = planFacts(plan, forecast, Date.now()).map(
    ({ what, value }) => [view.say(what), typeof value === 'number' ? view.number(value) : view.say(value)] as const,
  );
  return (
    <details class="plan">
      <summary>{view.say(WORDS.plan)}</summary>
      <Facts facts={facts} />
    </details>
  );
}

export interface FindingGroup {
  readonly kind: FindingKind;
  readonly code: string;
  readonly words: Words;
  readonly count: number;
  readonly cells: readonly string[];
}

/** What has to be done comes first. */
export function groupsOf(plan: CheckPlan): FindingGroup[] {
  const differing = plan.groups.find(({ problem }) => problem === DIFFERING_DUPLICATE)?.count ?? 0;
  const ofRows = (code: string, words: Words, count: number): FindingGroup[] =>
    count > 0 ? [{ kind: 'not_sent', code, words, count, cells: [] }] : [];
  return [
    ...plan.groups.map(({ problem: code, count, cells }) => ({
      kind: kindOf(code),
      code,
      words: WORDS_OF_ROWS[code] ?? problemReason({ code }),
      count,
      cells,
    })),
    ...ofRows(DUPLICATE, PLAN_WORDS.duplicate, plan.duplicate - differing),
    ...ofRows('row:already_created', NOT_SENT.already_created, plan.already_created),
    ...ofRows('row:in_progress', NOT_SENT.in_progress, plan.in_progress),
    ...ofRows('row:waits', NOT_SENT.waits, plan.waits),
  ].sort((a, b) => FINDING_KINDS.indexOf(a.kind) - FINDING_KINDS.indexOf(b.kind) || b.count - a.count);
}

const WORDS_OF_ROWS: Readonly<Record<string, Words>> = {
  [DIFFERING_DUPLICATE]: {
    en: 'the same enterprise as in an earlier row, with other details',
    zh: '与前面的行为同一企业，但信息不同',
  },
  [REPLACED]: REPLACES,
};

export function Groups({ view, groups, path }: { view: View; groups: readonly FindingGroup[]; path: string }) {
  const query = new URLSearchParams(view.query);
  query.delete('from');
  return (
    <section>
      <h2>{view.say(WORDS.found)}</h2>
      <DataTable
        caption={view.say(WORDS.found)}
        rows={groups}
        empty={view.say(WORDS.nothing)}
        columns={[
          {
            heading: view.say(WORDS.what),
            look: 'wide',
            cell: ({ code, words }) => (
              <>
                <a href={`${addressWith(path, query, 'show', code)}#rows`}>{view.say(words)}</a>
                <small class="id">{code}</small>
              </>
            ),
          },
          { heading: view.say(WORDS.kind), cell: ({ kind }) => <KindBadge view={view} kind={kind} /> },
          { heading: view.say(WORDS.rows), look: 'number', cell: ({ count }) => view.number(count) },
          {
            heading: view.say(WORDS.cells),
            cell: ({ cells, count }) =>
              cells.map((it) => view.say(cellInWords(it))).join(', ') +
              (cells.length > 0 && count > cells.length ? ', …' : ''),
          },
        ]}
      />
    </section>
  );
}

/** In one line: `1,200 ready · 3 to correct · 14 not sent`. */
export function countedRows(view: View, plan: CheckPlan): string {
  const counted = [
    [plan.ready, PLAN_WORDS.ready],
    [plan.invalid, PLAN_WORDS.invalid],
    [notSentOf(plan), FINDING_WORDS.not_sent],
  ] as const;
  return counted
    .map(([count, words]) =>
      view.say({ en: `${view.number(count)} ${words.en}`, zh: `${words.zh} ${view.number(count)}` }),
    )
    .join(' · ');
}

/** What is about a whole row has the number of its line in place of a cell. */
export function cellInWords(cell: string): Words {
  return /^\d+$/.test(cell) ? { en: `line ${cell}`, zh: `第 ${cell} 行` } : same(cell);
}
