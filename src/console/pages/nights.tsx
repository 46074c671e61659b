/** Nightly runs: when each begins, and what the last nights did. */
import { isAbsolute, resolve } from 'node:path';
import { RequestError } from '../../app/request-error.js';
import {
  addSchedule,
  askForNight,
  checkSchedule,
  type ListedSchedule,
  listNights,
  listSchedules,
  removeSchedule,
} from '../../app/schedule.js';
import type { Store } from '../../app/wiring/store.js';
import type { Schedule } from '../../domain/night.js';
import { shareAsText, shareFromText } from '../../domain/share.js';
import { LANGUAGES, same, type Words } from '../../domain/words.js';
import { Confirm } from '../components/confirm.js';
import { Choice, FormField } from '../components/field.js';
import { NightTable } from '../components/night-table.js';
import { Prose } from '../components/prose.js';
import { DataTable } from '../components/table.js';
import { Live } from '../layout.js';
import type { Fragments, Route, View, Visit } from '../visit.js';

const WORDS = {
  title: { en: 'Nightly runs', zh: '夜间任务' },
  what: {
    en: 'Each reads the sheets of its folder at its time, sends their rows and writes reports beside them. A process of `serve` runs them.',
    zh: '按时读取文件夹中的表格，提交各行，并在旁边生成报告。由 `serve` 进程执行。',
  },
  name: { en: 'Name', zh: '名称' },
  nameRule: { en: 'A name that exists is changed.', zh: '与现有名称相同则修改该任务。' },
  inbox: { en: 'Folder', zh: '文件夹' },
  inboxRule: { en: 'An absolute path on the server.', zh: '服务器上的绝对路径。' },
  at: { en: 'Time', zh: '时间' },
  atRule: {
    en: 'Minute, hour, day, month, weekday: 0 22 * * * is every day at 22:00.',
    zh: '分、时、日、月、星期：0 22 * * * 表示每天 22:00。',
  },
  timezone: { en: 'Time zone', zh: '时区' },
  until: { en: 'Ends', zh: '结束条件' },
  settled: { en: 'when every row has its outcome', zh: '所有行都有结果' },
  submitted: { en: 'when every row was sent', zh: '所有行已提交' },
  language: { en: 'Language of reports', zh: '报告语言' },
  zh: same('中文'),
  en: same('English'),
  warnings: { en: 'Rows with warnings', zh: '有警告的行' },
  send: { en: 'are sent', zh: '提交' },
  hold: { en: 'are held back', zh: '不提交' },
  mostInvalid: { en: 'Largest share of rows to correct', zh: '需更正行的最大比例' },
  mostInvalidRule: {
    en: 'A file with more is rejected, e.g. 5%. Empty: no limit.',
    zh: '超过此比例的文件不导入，如 5%。留空表示不限。',
  },
  notAbsolute: (inbox: string): Words => ({
    en: `${inbox || 'The folder'}: write an absolute path, such as /srv/merchants.`,
    zh: `${inbox || '文件夹'}：请填写绝对路径，如 /srv/merchants。`,
  }),
  noShare: (text: string): Words => ({
    en: `${text}: write a share of the rows, e.g. 5%.`,
    zh: `${text}：请填写行数的百分比，如 5%。`,
  }),
  next: { en: 'Next', zh: '下一次' },
  asked: { en: 'asked to run now; waits for a process that serves', zh: '已要求立即执行，等待 serve 进程' },
  last: { en: 'Last', zh: '上一次' },
  never: { en: 'never run', zh: '尚未执行' },
  actions: { en: 'Actions', zh: '操作' },
  add: { en: 'Add or change', zh: '新增或修改' },
  save: { en: 'Save', zh: '保存' },
  run: { en: 'Run now', zh: '立即执行' },
  runWhat: {
    en: 'The sheets in its folder are loaded and their rows sent at once. A sheet that was changed less than a minute ago waits for the next run.',
    zh: '立即导入文件夹中的表格并提交各行。一分钟内有改动的表格留待下一次执行。',
  },
  remove: { en: 'Remove', zh: '删除' },
  removeWhat: { en: 'Its nights and their files stay.', zh: '以往的执行记录和文件保留。' },
  none: { en: 'No nightly run yet.', zh: '还没有夜间任务。' },
  nights: { en: 'Last nights', zh: '最近的执行' },
} as const;

const MOST = 30;

export const nightsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nights',
    needs: 'viewer',
    live,
    async show(visit) {
      const [schedules, { nights }] = await Promise.all([listSchedules(visit.store), live(visit)]);
      return {
        title: WORDS.title,
        body: (
          <>
            <div class="heading">
              <h1>{visit.say(WORDS.title)}</h1>
              {visit.may('admin') && <Add visit={visit} />}
            </div>
            <p class="under">
              <Prose view={visit} text={visit.say(WORDS.what)} />
            </p>
            <Schedules visit={visit} schedules={schedules} />
            <section>
              <h2>{visit.say(WORDS.nights)}</h2>
              <Live name="nights">{nights}</Live>
            </section>
          </>
        ),
      };
    },
  },
  {
    method: 'POST',
    path: '/nights/add',
    needs: 'admin',
    action: 'nights.add',
    async act({ store, form, note }) {
      note(form.name ?? '');
      const schedule = scheduleIn(form, store);
      const next = checkSchedule(schedule);
      await addSchedule(store, schedule);
      const { name } = schedule;
      return {
        to: '/nights',
        said: { en: `${name}: the next night is at ${next}.`, zh: `${name}：下次执行时间为 ${next}。` },
      };
    },
  },
  {
    method: 'POST',
    path: '/nights/remove',
    needs: 'admin',
    action: 'nights.remove',
    async act({ store, form, note }) {
      const { name = '' } = form;
      note(name);
      await removeSchedule(store, name);
      return { to: '/nights', said: { en: `${name} is removed.`, zh: `已删除 ${name}。` } };
    },
  },
  {
    method: 'POST',
    path: '/nights/run',
    needs: 'admin',
    action: 'nights.run',
    async act({ store, form, note }) {
      const { name = '' } = form;
      note(name);
      await askForNight(store, name);
      return {
        to: '/nights',
        said: {
          en: `${name}: a process that serves runs it now, or as soon as there is one.`,
          zh: `${name}：由 serve 进程立即执行；没有运行的进程时，在其启动后执行。`,
        },
      };
    },
  },
];

function scheduleIn(form: Readonly<Record<string, string>>, { settings }: Pick<Store, 'settings'>): Schedule {
  const field = (name: string): string => (form[name] ?? '').trim();
  const [inbox, share] = [field('inbox'), field('mostInvalid')];
  const mostInvalid = share === '' ? 1 : shareFromText(share);
  if (mostInvalid === undefined) throw new RequestError('refused', WORDS.noShare(share));
  if (!isAbsolute(inbox)) throw new RequestError('refused', WORDS.notAbsolute(inbox));
  return {
    name: field('name').normalize('NFKC'),
    // One folder has one name, by which its nights keep out of each other's way.
    inbox: resolve(inbox),
    at: field('at'),
    timezone: field('timezone') || settings.quotaTimezone,
    until: field('until') === 'submitted' ? 'submitted' : 'settled',
    language: LANGUAGES.find((it) => it === field('language')) ?? 'zh',
    acceptWarnings: field('warnings') !== 'hold',
    mostInvalid,
    addedAt: Date.now(),
  };
}

async function live(view: View): Promise<Fragments> {
  return {
    nights: <NightTable view={view} caption={view.say(WORDS.nights)} nights={await listNights(view.store, MOST)} />,
  };
}

function Schedules({ visit, schedules }: { visit: Visit; schedules: readonly ListedSchedule[] }) {
  return (
    <DataTable<ListedSchedule>
      caption={visit.say(WORDS.title)}
      rows={schedules}
      empty={visit.say(WORDS.none)}
      columns={[
        {
          heading: visit.say(WORDS.name),
          look: 'wide',
          cell: ({ name, inbox }) => (
            <>
              <bdi>{name}</bdi>
              <small class="path">{inbox}</small>
            </>
          ),
        },
        {
          heading: visit.say(WORDS.at),
          cell: ({ at, timezone }) => (
            <>
              <span class="id">{at}</span>
              <small>{timezone}</small>
            </>
          ),
        },
        {
          heading: visit.say(WORDS.until),
          look: 'wide',
          cell: ({ until, acceptWarnings = true, mostInvalid = 1 }) => (
            <>
              {visit.say(WORDS[until])}
              {!acceptWarnings && <small>{`${visit.say(WORDS.warnings)} ${visit.say(WORDS.hold)}`}</small>}
              {mostInvalid < 1 && <small>{`${visit.say(WORDS.mostInvalid)} ${shareAsText(mostInvalid)}`}</small>}
            </>
          ),
        },
        {
          heading: visit.say(WORDS.next),
          cell: ({ next, askedFor }) => (
            <>
              {visit.say(same(next))}
              {askedFor !== undefined && <small>{visit.say(WORDS.asked)}</small>}
            </>
          ),
        },
        ...(visit.may('admin')
          ? [
              {
                heading: visit.say(WORDS.actions),
                cell: (schedule: ListedSchedule) => <Actions visit={visit} schedule={schedule} />,
              },
            ]
          : []),
      ]}
    />
  );
}

function Actions({ visit, schedule: { name } }: { visit: Visit; schedule: ListedSchedule }) {
  const [run, remove] = [visit.say(WORDS.run), visit.say(WORDS.remove)];
  const hidden = <input type="hidden" name="name" value={name} />;
  return (
    <div class="buttons">
      <Confirm visit={visit} id={`run-${name}`} label={run} title={`${run}: ${name}`} action="/nights/run" does={run}>
        {hidden}
        <p>{visit.say(WORDS.runWhat)}</p>
      </Confirm>
      <Confirm
        visit={visit}
        id={`remove-${name}`}
        label={remove}
        title={`${remove}: ${name}`}
        action="/nights/remove"
        does={remove}
        isDangerous
      >
        {hidden}
        <p>{visit.say(WORDS.removeWhat)}</p>
      </Confirm>
    </div>
  );
}

function Add({ visit }: { visit: Visit }) {
  const add = visit.say(WORDS.add);
  const rule = (words: Words): string => visit.say(words);
  return (
    <Confirm visit={visit} id="add-night" label={add} title={add} action="/nights/add" does={visit.say(WORDS.save)}>
      <FormField label={rule(WORDS.name)} name="name" required maxlength={40} hint={rule(WORDS.nameRule)} />
      <FormField label={rule(WORDS.inbox)} name="inbox" required maxlength={400} hint={rule(WORDS.inboxRule)} />
      <FormField
        label={rule(WORDS.at)}
        name="at"
        value="0 22 * * *"
        required
        maxlength={100}
        hint={rule(WORDS.atRule)}
      />
      <FormField
        label={rule(WORDS.timezone)}
        name="timezone"
        value={visit.store.settings.quotaTimezone}
        maxlength={60}
      />
      <Choice label={rule(WORDS.until)} name="until" choices={choices(visit, ['settled', 'submitted'])} />
      <Choice label={rule(WORDS.language)} name="language" value={visit.language} choices={choices(visit, LANGUAGES)} />
      <Choice label={rule(WORDS.warnings)} name="warnings" choices={choices(visit, ['send', 'hold'])} />
      <FormField label={rule(WORDS.mostInvalid)} name="mostInvalid" maxlength={8} hint={rule(WORDS.mostInvalidRule)} />
    </Confirm>
  );
}

function choices(visit: Visit, names: readonly ('settled' | 'submitted' | 'zh' | 'en' | 'send' | 'hold')[]) {
  return names.map((value) => ({ value, words: visit.say(WORDS[value]) }));
}
