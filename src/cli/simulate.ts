import { FATES, readFate } from '../../simulator/fates.js';
import { REHEARSAL_CREDENTIALS } from '../../simulator/options.js';
import { startSimulator } from '../../simulator/simulator.js';
import { TRIES_OF_A_RETRY } from '../domain/limits.js';
import { DEFAULT_PATIENCE, parseDuration, WAIT_SETTINGS } from '../domain/patience.js';
import type { Words } from '../domain/words.js';
import type { Settings } from '../settings.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { spoken } from './language.js';
import { aborted, ENDING, onInterruption, print, say, table } from './terminal.js';

export interface SimulateFlags {
  readonly port: string;
  readonly host: string;
  readonly speed: string;
  readonly seed: string;
  readonly mix?: string;
  readonly simulatedDailyCalls?: string;
  readonly simulatedDayBegins?: string;
  readonly retired?: true;
  readonly fates?: true;
}

export async function simulateAction({ settings }: CommandContext, options: SimulateFlags): Promise<number> {
  if (options.fates) {
    await print(`${table(FATES.map(({ word, example, does }) => [word, example, spoken(does)]))}\n`);
    return EXIT.done;
  }
  const interruption = onInterruption(ENDING);
  const { eventsHost, eventsPort, eventsPath } = settings;
  const speed = positive('--speed', options.speed);
  const simulator = await startSimulator({
    host: options.host,
    port: wholeNumber('--port', options.port, 65_535),
    speed,
    seed: wholeNumber('--seed', options.seed, Number.MAX_SAFE_INTEGER),
    // Our own clock does not run faster: what has to be exchanged in ten minutes lives ten minutes.
    credentialsFrom: 'real',
    componentAppid: settings.wechatComponentAppid ?? REHEARSAL_CREDENTIALS.componentAppid,
    componentAppsecret: settings.wechatComponentAppsecret ?? REHEARSAL_CREDENTIALS.componentAppsecret,
    messageToken: settings.wechatMessageToken ?? REHEARSAL_CREDENTIALS.messageToken,
    encodingAesKey: settings.wechatEncodingAesKey ?? REHEARSAL_CREDENTIALS.encodingAesKey,
    pushUrl: `http://${eventsHost}:${eventsPort}${eventsPath}`,
    retired: options.retired === true,
    ...(options.mix !== undefined && { mix: mixFrom(options.mix) }),
    ...(options.simulatedDailyCalls !== undefined && {
      dailyCalls: positive('--simulated-daily-calls', options.simulatedDailyCalls),
    }),
    ...(options.simulatedDayBegins !== undefined && {
      dayBegins: duration('--simulated-day-begins', options.simulatedDayBegins),
    }),
    log: say,
  }).catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') throw error;
    const where = `${options.host}:${options.port}`;
    throw new UsageError({
      en: `${where} is in use: another program listens there. Choose another one with --port.`,
      zh: `${where} 已被其他程序占用。请用 --port 选择其他端口。`,
    });
  });
  const api = settings.wechatRegistrationApi;
  const { wechatComponentAppid: appid = INVENTED_APPID } = settings;
  const hasOwnPlatform = appid !== INVENTED_APPID;
  await print(`${environment(simulator.url, speed, api, hasOwnPlatform)}\n`);
  say(REHEARSED(api));
  say({ en: 'The simulator listens; stop it with Ctrl-C.', zh: '模拟器正在监听；按 Ctrl-C 停止。' });
  await aborted(interruption.signal);
  await simulator.close();
  return EXIT.done;
}

const INVENTED_APPID: string = REHEARSAL_CREDENTIALS.componentAppid;

type RegistrationApiName = Settings['wechatRegistrationApi'];

const REHEARSED = (api: RegistrationApiName): Words => ({
  en: `These settings rehearse ${api}. In WECHAT_REGISTRATION_API you can choose the other registration API.`,
  zh: `以上配置演练的接口是 ${api}，可在 WECHAT_REGISTRATION_API 中改用另一个接口。`,
});

/** What to put into the environment of `fastregister run`, or into .env, to rehearse. */
function environment(url: string, speed: number, api: RegistrationApiName, hasOwnPlatform: boolean): string {
  const called = [`WECHAT_API_BASE_URL=${url}`, `WECHAT_REGISTRATION_API=${api}`];
  if (hasOwnPlatform) return called.join('\n');
  // Invented appids have no place among the real ones, and waits of a day end when the simulated day does.
  const waits = (
    [
      'retryFirstMs',
      'probeFirstMs',
      'probeMaxMs',
      'lostRecheckMs',
      'busyWaitMs',
      'pushWaitMs',
      'pushRecheckMs',
      'giveUpMs',
    ] as const
  ).map((wait) => `${WAIT_SETTINGS[wait].name}=${Math.ceil(DEFAULT_PATIENCE[wait] / speed)}ms`);
  return [
    ...called,
    'FASTREGISTER_HOME=.fastregister/rehearsal',
    'FASTREGISTER_LEDGER=rehearsal',
    ...(speed > 1 ? waits : []),
    // More tries of a Weixin ID would wait for the next day, which no speed brings about.
    ...(speed > 1 ? [`${WAIT_SETTINGS.retryLimit.name}=${TRIES_OF_A_RETRY}`] : []),
    `WECHAT_COMPONENT_APPID=${REHEARSAL_CREDENTIALS.componentAppid}`,
    `WECHAT_COMPONENT_APPSECRET=${REHEARSAL_CREDENTIALS.componentAppsecret}`,
    `WECHAT_MESSAGE_TOKEN=${REHEARSAL_CREDENTIALS.messageToken}`,
    `WECHAT_ENCODING_AES_KEY=${REHEARSAL_CREDENTIALS.encodingAesKey}`,
  ].join('\n');
}

function mixFrom(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [fate = '', weight = ''] = part.split('=');
      if (readFate(fate) === undefined) {
        throw new UsageError({
          en: `--mix ${part}: "${fate}" is no fate; \`fastregister simulate --fates\` lists them.`,
          zh: `--mix ${part}："${fate}" 不是可指定的结果；请用 \`fastregister simulate --fates\` 查看。`,
        });
      }
      if (!isPositive(weight)) {
        throw new UsageError({
          en: `--mix ${part}: write a weight above 0 behind each fate, such as ok=80,p103=5.`,
          zh: `--mix ${part}：每个结果之后须填写大于 0 的权重，如 ok=80,p103=5。`,
        });
      }
      return [fate, Number(weight)];
    }),
  );
}

function duration(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new UsageError({
      en: `${flag} ${(cause as Error).message}.`,
      zh: `${flag} "${text}"：请填写数字和单位 ms、s、m、h、d，如 30s、90m 或 26h。`,
    });
  }
}

function positive(flag: string, text: string): number {
  if (isPositive(text)) return Number(text);
  throw new UsageError({
    en: `${flag} ${text}: write a number above 0.`,
    zh: `${flag} ${text}：请填写大于 0 的数字。`,
  });
}

function isPositive(text: string): boolean {
  return Number(text) > 0 && Number.isFinite(Number(text));
}

function wholeNumber(flag: string, text: string, greatest: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= greatest) return number;
  throw new UsageError({
    en: `${flag} ${text}: write a whole number from 0 to ${greatest}.`,
    zh: `${flag} ${text}：请填写 0 至 ${greatest} 的整数。`,
  });
}
