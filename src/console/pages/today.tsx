/** The first page: what is going on, what is to be fixed, and whose turn it is. */

import { throughputInWords } from '../../app/pace.js';
import { NIGHT_ENDINGS } from '../../app/schedule.js';
import { statusLines } from '../../app/status-words.js';
import { today } from '../../app/today.js';
import { dayInWords } from '../../domain/calendar.js';
import { ACTORS, type Words } from '../../domain/words.js';
import { ShareBar } from '../components/bar.js';
import { BatchTable } from '../components/batch-table.js';
import { CallsChart } from '../components/calls-chart.js';
import { Facts } from '../components/field.js';
import { LineCard } from '../components/line-state.js';
import { DataTable } from '../components/table.js';
import { Live } from '../layout.js';
import type { Fragments, Route, View } from '../visit.js';
import { READING } from './todo.js';

const WORDS = {
  title: { en: 'Today', zh: '今日' },
  calls: { en: 'Calls today', zh: '今日额度' },
  left: (count: string): Words => ({ en: `${count} left`, zh: `剩余 ${count} 次` }),
  toSend: { en: 'To be sent', zh: '待提交' },
  by: { en: 'the last by', zh: '最迟于' },
  later: (rows: string): Words => ({ en: `${rows} on a later day`, zh: `${rows} 个在之后的日期提交` }),
  alive: { en: 'Alive', zh: '在运行' },
  workers: (count: number): Words => ({ en: count === 1 ? 'worker' : 'workers', zh: '个工作进程' }),
  receivers: (count: number): Words => ({ en: count === 1 ? 'receiver' : 'receivers', zh: '个接收服务' }),
  links: { en: 'Links to open', zh: '待打开的链接' },
  ending: { en: 'end within three hours', zh: '三小时内到期' },
  turns: { en: 'Whose turn it is', zh: '待办' },
  who: { en: 'Who acts', zh: '由谁处理' },
  count: { en: 'Merchants', zh: '商户数' },
  noTurn: { en: 'Nothing to do: no merchant waits for anyone.', zh: '没有待办：没有商户在等待处理。' },
  batches: { en: 'Batches', zh: '批次' },
  everyBatch: (count: number): Words => ({ en: `All ${count} batches`, zh: `全部 ${count} 个批次` }),
  details: { en: 'Status', zh: '状态' },
  nights: { en: 'Nightly runs', zh: '夜间任务' },
  night: { en: 'Run', zh: '任务' },
  last: { en: 'Last night', zh: '最近一次' },
  next: { en: 'Next', zh: '下一次' },
  never: { en: 'none yet', zh: '尚未运行' },
  notScheduled: { en: 'by hand or cron', zh: '手动或由 cron 执行' },
} as const;

type Morning = Awaited<ReturnType<typeof today>>;

export const todayRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    needs: 'viewer',
    live,
    async show(visit) {
      const parts = await live(visit);
      return {
        title: WORDS.title,
        body: (
          <>
            <h1>{visit.say(WORDS.title)}</h1>
            {Object.entries(parts).map(([name, part]) => (
              <Live name={name}>{part}</Live>
            ))}
          </>
        ),
      };
    },
  },
];

async function live(view: View): Promise<Fragments> {
  const facts = await today(view.store);
  return {
    line: <LineCard view={view} now={facts.now} />,
    figures: <Figures view={view} facts={facts} />,
    turns: <Turns view={view} facts={facts} />,
    batches: (
      <section>
        <h2>{view.say(WORDS.batches)}</h2>
        <BatchTable view={view} batches={facts.batches} />
        {facts.batchesInAll > facts.batches.length && (
          <p class="pager">
            <a href="/batches">{view.say(WORDS.everyBatch(facts.batchesInAll))}</a>
          </p>
        )}
      </section>
    ),
    chart: <CallsChart view={view} hours={facts.hours} limit={facts.now.calls.limit} />,
    nights: <Nights view={view} facts={facts} />,
    details: (
      <section>
        <h2>{view.say(WORDS.details)}</h2>
        <Facts facts={statusLines(facts.now, Date.now()).map(([what, words]) => [view.say(what), view.say(words)])} />
      </section>
    ),
  };
}

function Figures({ view, facts: { now, pace } }: { view: View; facts: Morning }) {
  const { calls, toSend, toSendLater, sentBy, processes, links } = now;
  const [workers, receivers] = [processes.workers.live.length, processes.receivers.live.length];
  const used = `${view.number(calls.used)} / ${view.number(calls.limit)}`;
  return (
    <section class="figures">
      <div class="figure">
        <h2>{view.say(WORDS.calls)}</h2>
        <p class="value">{used}</p>
        <ShareBar used={calls.used} limit={calls.limit} label={`${view.say(WORDS.calls)} ${used}`} />
        <p>{view.say(WORDS.left(view.number(calls.left)))}</p>
      </div>
      <div class="figure">
        <h2>{view.say(WORDS.toSend)}</h2>
        <p class="value">{view.number(toSend)}</p>
        {sentBy !== undefined && <p>{`${view.say(WORDS.by)} ${view.say(dayInWords(sentBy, Date.now()))}`}</p>}
        {toSendLater > 0 && <p>{view.say(WORDS.later(view.number(toSendLater)))}</p>}
        {throughputInWords(pace).map((words) => (
          <p>{view.say(words)}</p>
        ))}
      </div>
      <div class="figure">
        <h2>{view.say(WORDS.links)}</h2>
        <p class="value">{view.number(links.open)}</p>
        <p>{links.ending === 0 ? '' : `${view.number(links.ending)} ${view.say(WORDS.ending)}`}</p>
      </div>
      <div class="figure">
        <h2>{view.say(WORDS.alive)}</h2>
        <p class="value">
          {workers} <small>{view.say(WORDS.workers(workers))}</small>
        </p>
        <p>{`${receivers} ${view.say(WORDS.receivers(receivers))}`}</p>
      </div>
    </section>
  );
}

function Turns({ view, facts: { waitingFor, isReadingTodos } }: { view: View; facts: Morning }) {
  const leadsToTodo = view.leadsTo('GET', '/todo');
  return (
    <section>
      <h2>{view.say(WORDS.turns)}</h2>
      <DataTable
        caption={view.say(WORDS.turns)}
        rows={waitingFor}
        empty={isReadingTodos ? '' : view.say(WORDS.noTurn)}
        columns={[
          {
            heading: view.say(WORDS.who),
            look: 'wide',
            cell: ({ who }) => {
              const name = view.say(ACTORS[who]);
              return leadsToTodo ? <a href={`/todo?who=${who}`}>{name}</a> : name;
            },
          },
          { heading: view.say(WORDS.count), look: 'number', cell: ({ count }) => view.number(count) },
        ]}
      />
      {isReadingTodos && <p class="under">{view.say(READING)}</p>}
    </section>
  );
}

function Nights({ view, facts: { nights } }: { view: View; facts: Morning }) {
  const rows = [
    ...nights.schedules,
    ...nights.others.map(({ inbox, last }) => ({ name: inbox, last, next: view.say(WORDS.notScheduled) })),
  ];
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>{view.say(WORDS.nights)}</h2>
      <DataTable
        caption={view.say(WORDS.nights)}
        rows={rows}
        empty=""
        columns={[
          { heading: view.say(WORDS.night), look: 'wide', cell: ({ name }) => <bdi>{name}</bdi> },
          {
            heading: view.say(WORDS.last),
            cell: ({ last }) =>
              last === undefined ? view.say(WORDS.never) : `${last.started} · ${view.say(NIGHT_ENDINGS[last.ending])}`,
          },
          { heading: view.say(WORDS.next), cell: ({ next }) => next },
        ]}
      />
    </section>
  );
}
