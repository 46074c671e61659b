import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { REHEARSAL_CREDENTIALS } from '../../simulator/options.js';
import { startSimulator } from '../../simulator/simulator.js';
import { batchNamed } from '../app/batches.js';
import { reportOptionsOf } from '../app/report-options.js';
import { sendAndListen } from '../app/send-and-listen.js';
import type { Part } from '../app/wiring/part.js';
import { NO_CLIENT, registrationApi } from '../app/wiring/registration-api.js';
import { openStore, type Store } from '../app/wiring/store.js';
import { readSettings } from '../config.js';
import { type Batch, byOutcome } from '../domain/batch.js';
import { localTime } from '../domain/calendar.js';
import { OUTCOMES } from '../domain/outcomes.js';
import type { Outcome } from '../domain/registration.js';
import { reportCsv } from '../reporter/csv.js';
import { writeWhole } from '../reporter/file.js';
import { linksOf, type MerchantLink } from '../reporter/links.js';
import { reportRows } from '../reporter/report.js';
import { reportWorkbook } from '../reporter/workbook.js';
import type { Settings } from '../settings.js';
import { sleep } from '../sleep.js';
import { type CommandContext, EXIT } from './command.js';
import { demoConsoleSettings, serveDemo, startDemoConsole } from './demo-console.js';
import { DEMO_SHEETS, type DemoApi } from './demo-sheets.js';
import { languageFrom } from './flags.js';
import { spoken } from './language.js';
import { LINK_SHEET, writeCodes } from './qr-folder.js';
import { loadShown, sendEvents } from './shown.js';
import { aborted, onInterruption, say, table } from './terminal.js';

/** 24 hours of the legal person in ten seconds; our own waits are shortened to match. */
const SPEED = 8640;

const WAITS = {
  FASTREGISTER_REQUEST_TIMEOUT: '2s',
  FASTREGISTER_RETRY_FIRST: '200ms',
  // More tries of a Weixin ID would wait for the next day.
  FASTREGISTER_RETRY_LIMIT: '3',
  FASTREGISTER_PROBE_FIRST: '200ms',
  FASTREGISTER_LOST_RECHECK: '3s',
  FASTREGISTER_BUSY_WAIT: '3s',
  FASTREGISTER_PUSH_WAIT: '12s',
  FASTREGISTER_PUSH_RECHECK: '2s',
  FASTREGISTER_GIVE_UP: '16s',
  FASTREGISTER_CALLS_PER_SECOND: '20',
  FASTREGISTER_CALLS_PER_MINUTE: '1000',
};

interface DemoOptions {
  readonly api: DemoApi;
  readonly lang: string | undefined;
  readonly console: true | undefined;
}

export async function demoAction({ settings, log }: CommandContext, options: DemoOptions): Promise<number> {
  const { api } = options;
  const language = languageFrom(options.lang);
  // A home of its own: two demos at once must not share a Redis, and nothing of it may stay.
  const home = await mkdtemp(join(tmpdir(), 'fastregister-demo-'));

  const interruption = onInterruption();
  const simulator = await startSimulator({ speed: SPEED, credentialsFrom: 'real', slowAnswerMs: 1_000 });
  let store: Store | undefined;
  const parts: Part[] = [];
  try {
    const forConsole = options.console ? demoConsoleSettings(settings) : {};
    store = await openStore(demoSettings(home, simulator.url, api, forConsole), log, 'background');
    say({
      en: `WeChat is the simulator at ${simulator.url}; 24 hours pass in ten seconds.`,
      zh: `微信由模拟器代替：${simulator.url}；十秒相当于 24 小时。`,
    });
    if (options.console) {
      parts.push(await startDemoConsole(store, settings.given.FASTREGISTER_CONSOLE_PORT === undefined));
    }
    const [loaded] = await loadShown(store, [DEMO_SHEETS[api]], { acceptWarnings: true, canaries: 0 });
    if (loaded === undefined) return EXIT.ourFault;
    const id = loaded.batch.id;
    const ending = sendAndListen(
      store,
      { batches: [id], untilSubmitted: false, signal: interruption.signal },
      {
        ...sendEvents(language),
        onListening: (port) => simulator.setPushUrl(`http://127.0.0.1:${port}${REHEARSAL_PATH}`),
      },
    );
    const results = join(settings.home, 'demo');
    await mkdir(results, { recursive: true, mode: 0o700 });
    await printLinks(store, await batchNamed(store, id), join(results, 'links'), ending);
    if ((await ending) === 'interrupted') return interruption.status();

    const batch = await batchNamed(store, id);
    const reportFile = join(results, 'report.csv');
    const workbook = join(results, 'report.xlsx');
    const reportOptions = await reportOptionsOf(store, language);
    await writeWhole(reportFile, reportCsv(store.batches, [batch], reportOptions), true);
    await writeWhole(workbook, reportWorkbook(store.batches, [batch], reportOptions), true);
    say('');
    say(
      table(
        Object.entries(byOutcome(await store.batches.counts(id))).map(([outcome, count]) => [
          `  ${spoken({ en: outcome, zh: OUTCOMES[outcome as Outcome].zh })}`,
          String(count),
        ]),
      ),
    );
    const files = [reportFile, workbook].map((file) => relative(process.cwd(), file));
    say({ en: `\nThe report: ${files.join(', ')}`, zh: `\n报告：${files.join('、')}` });
    const status = await printSurprises(store, batch);
    if (options.console) {
      parts.push(await serveDemo(store, simulator));
      await aborted(interruption.signal);
    }
    return status;
  } finally {
    await Promise.all(parts.map((part) => part.close()));
    await store?.close();
    await simulator.close();
    await rm(home, { recursive: true, force: true });
    interruption.end();
  }
}

const REHEARSAL_PATH = '/wechat/events';

function demoSettings(home: string, url: string, api: DemoApi, forConsole: Readonly<Record<string, string>>): Settings {
  return readSettings({
    env: {
      ...WAITS,
      ...forConsole,
      FASTREGISTER_HOME: home,
      FASTREGISTER_EVENTS_PORT: '0',
      FASTREGISTER_COMPONENT_PHONE: '05920000000',
      WECHAT_API_BASE_URL: url,
      WECHAT_REGISTRATION_API: api,
      WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
      WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
      WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
      WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
    },
  });
}

const LINKS_SHOWN = 3;

const LOOK_EVERY_MS = 200;

/** Where legal persons get links, shows the first of them while they are open, and makes their QR codes. */
async function printLinks(store: Store, batch: Batch, folder: string, ending: Promise<unknown>): Promise<void> {
  if (registrationApi(store.settings, NO_CLIENT).needs.legalPerson) return;
  const over = new AbortController();
  const stop = (): void => over.abort();
  ending.then(stop, stop);
  const found: MerchantLink[] = [];
  while (found.length < LINKS_SHOWN && !over.signal.aborted) {
    await sleep(LOOK_EVERY_MS, over.signal);
    found.length = 0;
    for await (const link of linksOf(store.batches, batch, Date.now())) found.push(link);
  }
  if (found.length === 0) return;
  const time = (at: number): string => localTime(at, store.settings.quotaTimezone, Date.now()).zh;
  await writeCodes(folder, found, { title: batch.file, language: 'zh', time });
  say({
    en: '\nEvery legal person has to open a link. `fastregister links` shows those that are open:',
    zh: '\n每位法人须打开各自的链接。`fastregister links` 可查看有效的链接：',
  });
  say(
    table(
      found
        .slice(0, LINKS_SHOWN)
        .map(({ line, merchant, url }) => [spoken({ en: `  line ${line}`, zh: `  第 ${line} 行` }), merchant, url]),
    ),
  );
  const sheet = join(relative(process.cwd(), folder), LINK_SHEET);
  say({
    en: `To print or to send: ${sheet}, and a QR code for each merchant.\n`,
    zh: `可打印或发送：${sheet}，以及每个商户的二维码。\n`,
  });
}

/** The last column of the sheet names the fate: an outcome, and its problem where there is one. */
async function printSurprises(store: Store, batch: Batch): Promise<number> {
  const expected = batch.headings.indexOf('expected');
  const surprises: string[] = [];
  for await (const rows of reportRows(store.batches, batch, await reportOptionsOf(store, 'en'))) {
    for (const row of rows) {
      const met = [row.outcome, row.problem].filter(Boolean).join(' ');
      if (met !== row.cells[expected])
        surprises.push(
          spoken({
            en: `line ${row.line}: expected ${row.cells[expected]}, met ${met}: ${row.reason}`,
            zh: `第 ${row.line} 行：预期 ${row.cells[expected]}，实际 ${met}`,
          }),
        );
    }
  }
  if (surprises.length === 0) {
    say({ en: 'Every merchant met the fate that its row names.', zh: '每个商户的结果均与其行中指定的一致。' });
    return EXIT.done;
  }
  say({
    en: `\n${surprises.length} merchants met another fate than their rows name:\n${surprises.join('\n')}`,
    zh: `\n${surprises.length} 个商户的结果与其行中指定的不一致：\n${surprises.join('\n')}`,
  });
  return EXIT.ourFault;
}
