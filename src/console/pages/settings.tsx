/** Settings in effect and where each comes from, versions, documents, and a test notice. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { NOTIFY_ANSWERS, type NotifyResult, testNotify, WEBHOOK } from '../../app/notify-test.js';
import { RequestError } from '../../app/request-error.js';
import { type ShownSection, type ShownSetting, SOURCE_WORDS, settingsInEffect } from '../../app/settings-shown.js';
import { currentStatus } from '../../app/status.js';
import { ROBOTS } from '../../domain/robot.js';
import { same, type Words } from '../../domain/words.js';
import { packageFile, VERSION } from '../../package.js';
import { Facts } from '../components/field.js';
import { Prose } from '../components/prose.js';
import { DataTable } from '../components/table.js';
import { Csrf, Live } from '../layout.js';
import type { ConsolePage, Fragments, Route, View, Visit } from '../visit.js';

const WORDS = {
  title: { en: 'Settings', zh: '配置' },
  what: {
    en: 'As this process of the console has them. Settings are changed where they are set, and read when a process starts.',
    zh: '控制台所在进程的配置。请在其设置之处修改，重启进程后生效。',
  },
  processes: { en: 'Versions', zh: '版本' },
  thisOne: { en: 'this process', zh: '本进程' },
  workers: { en: 'workers', zh: '工作进程' },
  receivers: { en: 'receivers', zh: '接收服务' },
  schedulers: { en: 'schedulers', zh: '夜间任务' },
  noneAlive: { en: 'none alive', zh: '没有运行' },
  name: { en: 'Setting', zh: '配置项' },
  value: { en: 'Value', zh: '值' },
  source: { en: 'Source', zh: '来源' },
  secret: { en: 'set, not shown', zh: '已设置，不显示' },
  file: { en: 'a file that is named there', zh: '其中指定的文件' },
  checks: { en: 'Checks', zh: '检查' },
  docs: { en: 'Documents', zh: '文档' },
  notice: { en: 'Test notice', zh: '测试通知' },
  noticeWhat: {
    en: 'Sends a test notice to each address of FASTREGISTER_NOTIFY_URL, and shows what each of them answered.',
    zh: '向 FASTREGISTER_NOTIFY_URL 的每个地址发送测试通知，并显示各自的应答。',
  },
  send: { en: 'Send a test notice', zh: '发送测试通知' },
  address: { en: 'Address', zh: '地址' },
  answer: { en: 'Answer', zh: '应答' },
  noDocument: { en: 'There is no such document.', zh: '没有此文档。' },
} as const satisfies Record<string, Words>;

/** Files of the package, in Chinese where there is a Chinese one. */
const DOCUMENTS: Readonly<Record<string, Words>> = {
  settings: { en: 'Settings', zh: '配置项' },
  console: { en: 'The console', zh: '控制台' },
  sheets: { en: 'Sheets', zh: '商户表' },
  reports: { en: 'Reports', zh: '报告' },
  nights: { en: 'Nightly runs', zh: '夜间任务' },
  answers: { en: "WeChat's answers", zh: '微信的返回码' },
  receiver: { en: 'The receiver', zh: '接收服务' },
  webhooks: { en: 'Webhooks and chats', zh: '通知' },
  redis: { en: 'Redis', zh: 'Redis' },
  monitoring: { en: 'Monitoring', zh: '监控' },
  states: { en: 'States', zh: '状态' },
};

export const settingsRoutes: readonly Route[] = [
  { method: 'GET', path: '/settings', needs: 'admin', live, show: (visit) => pageOf(visit) },
  {
    method: 'GET',
    path: '/settings/docs/:name',
    needs: 'viewer',
    async show({ params, language }) {
      const { name = '' } = params;
      if (!Object.hasOwn(DOCUMENTS, name)) throw new RequestError('not_found', WORDS.noDocument);
      const chinese = packageFile(`docs/zh/${name}.md`);
      const file = language === 'zh' && existsSync(chinese) ? chinese : packageFile(`docs/${name}.md`);
      const text = await readFile(file, 'utf8');
      return new Response(text, { headers: { 'content-type': 'text/plain; charset=utf-8' } });
    },
  },
  {
    method: 'POST',
    path: '/settings/notice',
    needs: 'admin',
    action: 'settings.notice',
    async act(visit) {
      const results = await testNotify(visit.store.settings);
      visit.note('', `${results.filter(({ taken }) => taken).length} / ${results.length}`);
      return pageOf(visit, results);
    },
  },
];

async function live(view: View): Promise<Fragments> {
  const { processes } = await currentStatus(view.store);
  const versions = (['workers', 'receivers', 'schedulers'] as const).map((role): [string, string] => {
    const places = processes[role].live.map(({ host, pid, version }) => `${version} (${host}:${pid})`);
    return [view.say(WORDS[role]), places.join(', ') || view.say(WORDS.noneAlive)];
  });
  const own: [string, string] = [view.say(WORDS.thisOne), `${VERSION} (Node.js ${process.versions.node})`];
  return { versions: <Facts facts={[own, ...versions]} /> };
}

async function pageOf(visit: Visit, results?: readonly NotifyResult[]): Promise<ConsolePage> {
  const { versions } = await live(visit);
  return {
    title: WORDS.title,
    body: (
      <>
        <div class="heading">
          <h1>{visit.say(WORDS.title)}</h1>
          <a class="button" href="/line">
            {visit.say(WORDS.checks)}
          </a>
        </div>
        <p class="under">{visit.say(WORDS.what)}</p>
        {results !== undefined && <Noticed view={visit} results={results} />}
        <section>
          <h2>{visit.say(WORDS.processes)}</h2>
          <Live name="versions">{versions}</Live>
        </section>
        {settingsInEffect(visit.store.settings).map((section) => (
          <Section view={visit} section={section} />
        ))}
        <section>
          <h2>{visit.say(WORDS.notice)}</h2>
          <form method="post" action="/settings/notice" class="filters">
            <Csrf of={visit} />
            <button type="submit">{visit.say(WORDS.send)}</button>
            <p class="under">{visit.say(WORDS.noticeWhat)}</p>
          </form>
        </section>
        <section>
          <h2>{visit.say(WORDS.docs)}</h2>
          <ul class="counts">
            {Object.entries(DOCUMENTS).map(([name, words]) => (
              <li>
                <a href={`/settings/docs/${name}`}>{visit.say(words)}</a>
              </li>
            ))}
          </ul>
        </section>
      </>
    ),
  };
}

function Section({ view, section: { section, settings } }: { view: View; section: ShownSection }) {
  return (
    <section>
      <h2>{view.say(section)}</h2>
      <DataTable<ShownSetting>
        caption={view.say(section)}
        rows={settings}
        empty=""
        columns={[
          {
            heading: view.say(WORDS.name),
            look: 'wide',
            cell: ({ name, sentence }) => (
              <>
                <span class="id">{name}</span>
                <small>
                  <Prose view={view} text={view.say(sentence)} />
                </small>
              </>
            ),
          },
          { heading: view.say(WORDS.value), look: 'wide', cell: (setting) => <Value view={view} setting={setting} /> },
          {
            heading: view.say(WORDS.source),
            cell: ({ source, inFile }) => (
              <>
                {view.say(SOURCE_WORDS[source])}
                {inFile && <small>{view.say(WORDS.file)}</small>}
              </>
            ),
          },
        ]}
      />
    </section>
  );
}

function Value({ view, setting: { value, isSecret, source } }: { view: View; setting: ShownSetting }) {
  if (isSecret) return <span class="under">{source === 'unset' ? '' : view.say(WORDS.secret)}</span>;
  return <bdi class="id">{value ?? ''}</bdi>;
}

function Noticed({ view, results }: { view: View; results: readonly NotifyResult[] }) {
  return (
    <DataTable<NotifyResult>
      caption={view.say(WORDS.notice)}
      rows={results}
      empty=""
      columns={[
        {
          heading: view.say(WORDS.address),
          look: 'wide',
          cell: ({ robot, address }) => (
            <>
              <bdi>{address}</bdi>
              <small>{view.say(robot === null ? WEBHOOK : ROBOTS[robot])}</small>
            </>
          ),
        },
        {
          heading: view.say(WORDS.answer),
          look: 'wide',
          cell: ({ taken, answer, hint }) => (
            <>
              <span class={`result ${taken ? 'done' : 'failed'}`}>
                {view.say(NOTIFY_ANSWERS[taken ? 'taken' : 'refused'])}
              </span>{' '}
              {view.say(same(answer))}
              {hint !== undefined && <small>{`→ ${view.say(hint)}`}</small>}
            </>
          ),
        },
      ]}
    />
  );
}
