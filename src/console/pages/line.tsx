/** Whether rows are sent and why not: pause, resume, the budgets of the day, and what `doctor` says. */
import { examineHere } from '../../app/doctor/doctor.js';
import type { Finding } from '../../app/doctor/finding.js';
import { pause, resume, resumedInWords, stopShown } from '../../app/line.js';
import { currentStatus } from '../../app/status.js';
import { callLines } from '../../app/status-words.js';
import { limitsOf } from '../../app/wiring/limits.js';
import type { Limits } from '../../domain/limits.js';
import { PAUSED_BY_A_PERSON } from '../../domain/line.js';
import { joined, type Words } from '../../domain/words.js';
import { Confirm } from '../components/confirm.js';
import { Facts, FormField } from '../components/field.js';
import { DoctorFindings } from '../components/findings.js';
import { LineCard } from '../components/line-state.js';
import { Prose } from '../components/prose.js';
import { Csrf, Live } from '../layout.js';
import type { ConsolePage, Fragments, Route, View, Visit } from '../visit.js';
import { BUTTONS } from '../words.js';

const WORDS = {
  title: { en: 'Sending', zh: '提交控制' },
  pause: { en: 'Pause', zh: '暂停提交' },
  pauseWhat: {
    en: 'No create and no search is sent until it is resumed. Pushes and reports go on.',
    zh: '恢复之前不再提交，也不再查询；推送和报告照常。',
  },
  because: { en: 'Reason, shown to all users', zh: '原因（所有人可见）' },
  paused: { en: 'The line is stopped.', zh: '已暂停提交。' },
  resume: BUTTONS.resume,
  resumeWhat: {
    en: 'Resume after the fault is fixed. Where there was a fault, one call is sent first, and the line opens when WeChat answers it.',
    zh: '请在故障排除后恢复。如曾有故障，将先发出一次试探请求，微信正常答复后恢复提交。',
  },
  now: { en: 'Now:', zh: '当前：' },
  runs: { en: 'the line is not stopped.', zh: '提交没有停止。' },
  budgets: { en: 'Budgets of the day', zh: '今日额度与限制' },
  checks: { en: 'Checks', zh: '检查' },
  checksWhat: {
    en: 'What `doctor` says: settings, Redis, clocks, ticket, token, registration API and quota. WeChat is asked, and nothing about a merchant is sent.',
    zh: '与 `doctor` 相同：配置、Redis、时钟、票据、令牌、注册接口和额度。会询问微信，但不提交任何商户。',
  },
  check: BUTTONS.doctor,
  checkedAt: { en: 'Checked at', zh: '检查时间' },
} as const satisfies Record<string, Words>;

const LONGEST_REASON = 200;

export const lineRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/line',
    needs: 'viewer',
    live,
    show: (visit) => pageOf(visit),
  },
  {
    method: 'POST',
    path: '/line/pause',
    needs: 'operator',
    action: 'line.pause',
    async act({ store, form, say }) {
      const because = (form.because ?? '').trim().replace(/\s+/g, ' ').slice(0, LONGEST_REASON);
      await pause(store, because || say(PAUSED_BY_A_PERSON), Date.now(), form.shown ?? '');
      return { to: '/line', said: WORDS.paused };
    },
  },
  {
    method: 'POST',
    path: '/line/resume',
    needs: 'operator',
    action: 'line.resume',
    async act({ store, form, note }) {
      const resumed = await resume(store, form.shown ?? '');
      note('', resumed.line);
      return { to: '/line', said: joined(resumedInWords(resumed)) };
    },
  },
  {
    method: 'POST',
    path: '/line/check',
    needs: 'operator',
    action: undefined,
    async act(visit) {
      return pageOf(visit, { findings: await examineHere(visit.store), at: Date.now() });
    },
  },
];

async function live(view: View): Promise<Fragments> {
  const shown = await stopShown(view.store);
  const now = await currentStatus(view.store);
  const reason = 'reason' in now.line && now.line.reason !== undefined ? now.line.reason : WORDS.runs;
  const lines = [...callLines(now.calls), ...limitLines(limitsOf(view.store.settings))];
  return {
    line: <LineCard view={view} now={now} />,
    resume: <Shown view={view} name={shown} now={reason} />,
    pause: <Shown view={view} name={shown} now={reason} />,
    budgets: <Facts facts={lines.map(([what, words]) => [view.say(what), view.say(words)])} />,
  };
}

async function pageOf(visit: Visit, checked?: { findings: readonly Finding[]; at: number }): Promise<ConsolePage> {
  const { line, budgets, ...asked } = await live(visit);
  return {
    title: WORDS.title,
    body: (
      <>
        <div class="heading">
          <h1>{visit.say(WORDS.title)}</h1>
          {visit.may('operator') && <Switches visit={visit} asked={asked} />}
        </div>
        <Live name="line">{line}</Live>
        <section>
          <h2>{visit.say(WORDS.budgets)}</h2>
          <Live name="budgets">{budgets}</Live>
        </section>
        <section class="checks">
          <div class="heading">
            <h2>{visit.say(WORDS.checks)}</h2>
            {visit.may('operator') && (
              <form method="post" action="/line/check">
                <Csrf of={visit} />
                <button type="submit">{visit.say(WORDS.check)}</button>
              </form>
            )}
          </div>
          <p class="under">
            <Prose view={visit} text={visit.say(checked === undefined ? WORDS.checksWhat : WORDS.checkedAt)} />{' '}
            {checked !== undefined && visit.time(checked.at)}
          </p>
          {checked !== undefined && (
            <DoctorFindings view={visit} caption={visit.say(WORDS.checks)} findings={checked.findings} />
          )}
        </section>
      </>
    ),
  };
}

/** What a button ends or follows: a page that was shown before it says so, and does nothing. */
function Shown({ view, name, now }: { view: View; name: string; now: Words }) {
  return (
    <>
      <input type="hidden" name="shown" value={name} />
      <p>
        <Prose view={view} text={view.say(joined([WORDS.now, now]))} />
      </p>
    </>
  );
}

function Switches({ visit, asked }: { visit: Visit; asked: Fragments }) {
  const [stop, start] = [visit.say(WORDS.pause), visit.say(WORDS.resume)];
  return (
    <div class="buttons">
      <Confirm visit={visit} id="resume" label={start} title={start} action="/line/resume" does={start}>
        <Live name="resume">{asked.resume}</Live>
        <p>{visit.say(WORDS.resumeWhat)}</p>
      </Confirm>
      <Confirm visit={visit} id="pause" label={stop} title={stop} action="/line/pause" does={stop} isDangerous>
        <Live name="pause">{asked.pause}</Live>
        <p>{visit.say(WORDS.pauseWhat)}</p>
        <FormField label={visit.say(WORDS.because)} name="because" maxlength={LONGEST_REASON} />
      </Confirm>
    </div>
  );
}

function limitLines({ perSecond, perMinute, searchShare, sendingHours, timezone }: Limits): [Words, Words][] {
  const share = Math.round(searchShare * 100);
  const { fromMinute, untilMinute } = sendingHours;
  return [
    [
      { en: 'pace', zh: '频率' },
      {
        en: `at most ${perSecond} calls a second and ${perMinute} a minute, over all workers`,
        zh: `所有工作进程合计，每秒最多 ${perSecond} 次，每分钟最多 ${perMinute} 次`,
      },
    ],
    [
      { en: 'kept for searches', zh: '留给查询' },
      { en: `at most ${share}% of the day's calls`, zh: `最多占每日额度的 ${share}%` },
    ],
    [
      { en: 'sending hours', zh: '提交时段' },
      {
        en: `${clock(fromMinute)}-${clock(untilMinute)} ${timezone}`,
        zh: `${clock(fromMinute)}-${clock(untilMinute)}（${timezone}）`,
      },
    ],
  ];
}

function clock(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
