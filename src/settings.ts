/**
 * The table of settings: a line each, with what its value may look like. `.env.example`, `docs/settings.md`, `docs/zh/settings.md` and the commands' flags
 * are printed from it; config.ts reads it.
 */
import { isTimezone, type SendingHours } from './domain/calendar.js';
import { type Patience, parseDuration, WAIT_SETTINGS } from './domain/patience.js';
import { addressesIn, secretsIn } from './domain/robot.js';
import { LANGUAGES, type Language, type Words } from './domain/words.js';
import { networksFrom } from './http/addresses.js';

// --- kinds: what a value may look like, and what to write when it does not -------------------------------------------

interface Kind {
  /** @returns undefined where the text does not have the shape */
  readonly read: (text: string) => unknown;
  readonly write: Words;
}

/** Lua writes numbers of more than 14 digits in another form. */
const MOST_COUNTED = 1_000_000_000;
/** A timer of Node counts to 2^31 - 1 ms, and one that is longer ends after 1 ms. */
const LONGEST_TIMER_MS = 24 * 86_400_000;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const FORWARDS = ['others', 'all'] as const;
const PERSISTENCES = ['required', 'none'] as const;
const CONFIRMATIONS = ['none', 'replica', 'disk', 'replica-disk'] as const;
const REGISTRATION_APIS = ['fastregisterweapp', 'fastregisterenterpriseweapp'] as const;

function oneOf(values: readonly string[]): Words {
  return { en: values.join(values.length === 2 ? ' or ' : ', '), zh: values.join(values.length === 2 ? ' 或 ' : '、') };
}

export const SETTING_KINDS = {
  text: { read: anyText, write: { en: 'any text', zh: '任意文本' } },
  appid: {
    read: matching(/^wx[0-9a-zA-Z]{6,30}$/),
    write: {
      en: 'the AppID of the third-party platform, such as wx0123456789abcdef',
      zh: '第三方平台的 AppID，如 wx0123456789abcdef',
    },
  },
  aesKey: {
    read: matching(/^[A-Za-z0-9+/]{43}$/),
    write: {
      en: 'the 43 letters and digits of the EncodingAESKey, as the platform page shows them',
      zh: '平台页面上显示的 43 位 EncodingAESKey',
    },
  },
  secretKey: {
    read: keyBytes,
    write: {
      en: '32 random bytes in Base64, as `openssl rand -base64 32` prints them',
      zh: 'Base64 格式的 32 个随机字节，可用 `openssl rand -base64 32` 生成',
    },
  },
  url: {
    read: (text: string) => (isHttpUrl(text) ? withoutTrailingSlash(text) : undefined),
    write: { en: 'an address that begins with https:// or http://', zh: '以 https:// 或 http:// 开头的地址' },
  },
  target: {
    read: (text: string) => (isHttpUrl(text) ? text : undefined),
    write: { en: 'an address that begins with https:// or http://', zh: '以 https:// 或 http:// 开头的地址' },
  },
  targets: {
    read: httpUrls,
    write: {
      en: 'addresses that begin with https:// or http://, separated by commas, each once (a comma inside one is %2C)',
      zh: '以 https:// 或 http:// 开头的地址，用逗号分隔，不重复（地址中的逗号写作 %2C）',
    },
  },
  secrets: {
    read: secretsIn,
    write: { en: 'secrets, separated by commas', zh: '用逗号分隔的密钥' },
  },
  redisUrl: {
    read: (text: string) => (isRedisUrl(text) ? text : undefined),
    write: {
      en: 'redis://HOST:PORT, rediss://HOST:PORT or unix:/PATH/TO/redis.sock',
      zh: 'redis://主机:端口、rediss://主机:端口 或 unix:/路径/redis.sock',
    },
  },
  folder: { read: anyText, write: { en: 'the path of a folder', zh: '文件夹的路径' } },
  ledger: {
    read: matching(/^[a-z0-9][a-z0-9-]{0,31}$/),
    write: {
      en: 'up to 32 small letters, digits and hyphens, such as rehearsal',
      zh: '不超过 32 位的小写字母、数字和连字符，如 rehearsal',
    },
  },
  host: {
    read: matching(/^[^\s/]+$/),
    write: { en: 'the address to listen on, such as 127.0.0.1 or 0.0.0.0', zh: '监听地址，如 127.0.0.1 或 0.0.0.0' },
  },
  port: {
    read: (text: string) => wholeNumber(text, 0, 65_535),
    write: { en: 'a whole number from 0 (any free port) to 65535', zh: '0（任意空闲端口）至 65535 的整数' },
  },
  path: {
    read: matching(/^\/[^\s?#]*$/),
    write: { en: 'a path that begins with /, such as /wechat/events', zh: '以 / 开头的路径，如 /wechat/events' },
  },
  networks: {
    read: networksFrom,
    write: {
      en: 'off, loopback, private, or addresses and networks such as 10.0.0.5,172.16.0.0/12',
      zh: 'off、loopback、private，或地址和网段，如 10.0.0.5,172.16.0.0/12',
    },
  },
  count: {
    read: (text: string) => wholeNumber(text, 1, MOST_COUNTED),
    write: { en: `a whole number from 1 to ${MOST_COUNTED}`, zh: `1 至 ${MOST_COUNTED} 的整数` },
  },
  percent: {
    read: fraction,
    write: { en: 'a percentage such as 10%', zh: '百分比，如 10%' },
  },
  dailyCalls: {
    read: (text: string) => (text === 'auto' ? text : wholeNumber(text, 1, MOST_COUNTED)),
    write: { en: `a whole number from 1 to ${MOST_COUNTED}, or auto`, zh: `1 至 ${MOST_COUNTED} 的整数，或 auto` },
  },
  duration: {
    read: duration,
    write: {
      en: 'a number and a unit (ms, s, m, h, d), such as 30s, 90m or 26h',
      zh: '数字加单位（ms、s、m、h、d），如 30s、90m、26h',
    },
  },
  timer: {
    read: (text: string) => atMost(LONGEST_TIMER_MS, duration(text)),
    write: {
      en: 'a number and a unit (ms, s, m, h, d), such as 30s or 5m; 24d at most',
      zh: '数字加单位（ms、s、m、h、d），如 30s、5m，最长 24d',
    },
  },
  hours: {
    read: sendingHours,
    write: {
      en: 'two times of day as in 08:00-20:00; 22:00-06:00 goes over midnight, 00:00-24:00 is always',
      zh: '两个时刻，如 08:00-20:00；22:00-06:00 表示跨过午夜，00:00-24:00 表示全天',
    },
  },
  timezone: {
    read: (text: string) => (isTimezone(text) ? text : undefined),
    write: { en: 'the name of a time zone, such as Asia/Shanghai', zh: '时区名称，如 Asia/Shanghai' },
  },
  phone: {
    read: matching(/^[+0-9][0-9 -]{4,19}$/),
    write: { en: 'a telephone number of digits, spaces and hyphens', zh: '由数字、空格和连字符组成的电话号码' },
  },
  language: { read: among(LANGUAGES), write: oneOf(LANGUAGES) },
  registrationApi: { read: among(REGISTRATION_APIS), write: oneOf(REGISTRATION_APIS) },
  forward: { read: among(FORWARDS), write: oneOf(FORWARDS) },
  persistence: { read: among(PERSISTENCES), write: oneOf(PERSISTENCES) },
  confirmation: { read: among(CONFIRMATIONS), write: oneOf(CONFIRMATIONS) },
  logLevel: { read: among(LOG_LEVELS), write: oneOf(LOG_LEVELS) },
} as const satisfies Record<string, Kind>;

// --- the table --------------------------------------------------------------------------------------------------------

export interface SettingRow {
  readonly name: string;
  readonly kind: keyof typeof SETTING_KINDS;
  readonly default?: string;
  /** Never shown, and also read from the file that NAME_FILE names. */
  readonly secret?: true;
  readonly sentence: Words;
}

// biome-ignore format: one line, one setting
const SECTIONS = {
  'The WeChat third-party platform': [
    { name: 'WECHAT_COMPONENT_APPID', kind: 'appid', sentence: { en: 'AppID of the third-party platform.', zh: '第三方平台的 AppID。' } },
    { name: 'WECHAT_COMPONENT_APPSECRET', kind: 'text', secret: true, sentence: { en: 'AppSecret of the third-party platform; not needed where the token comes from your own token service.', zh: '第三方平台的 AppSecret；令牌由自己的令牌服务提供时不需要。' } },
    { name: 'WECHAT_MESSAGE_TOKEN', kind: 'text', secret: true, sentence: { en: 'Verification token of the push, from the platform’s development settings.', zh: '消息校验 Token，见第三方平台的开发资料。' } },
    { name: 'WECHAT_ENCODING_AES_KEY', kind: 'aesKey', secret: true, sentence: { en: 'EncodingAESKey of the push, 43 characters.', zh: '消息加解密 Key（EncodingAESKey），43 个字符。' } },
    { name: 'WECHAT_MESSAGE_TOKEN_PREVIOUS', kind: 'text', secret: true, sentence: { en: 'The verification token before the last change; still accepted.', zh: '上一次更换之前的消息校验 Token，仍然接受。' } },
    { name: 'WECHAT_ENCODING_AES_KEY_PREVIOUS', kind: 'aesKey', secret: true, sentence: { en: 'The EncodingAESKey before the last change; still accepted.', zh: '上一次更换之前的 EncodingAESKey，仍然接受。' } },
    { name: 'WECHAT_API_BASE_URL', kind: 'url', default: 'https://api.weixin.qq.com', sentence: { en: 'Where WeChat’s API is; the address of the simulator in a rehearsal.', zh: '微信接口的地址；演练时填模拟器的地址。' } },
    { name: 'WECHAT_REGISTRATION_API', kind: 'registrationApi', default: 'fastregisterweapp', sentence: { en: 'Which registration API to call: fastregisterweapp, or its successor fastregisterenterpriseweapp. Has to be set where WECHAT_API_BASE_URL is WeChat’s own address; the default is for other addresses.', zh: '使用哪个注册接口：fastregisterweapp，或新接口 fastregisterenterpriseweapp。接口为微信官方地址时必须设置；默认值仅用于其他地址。' } },
    { name: 'WECHAT_COMPONENT_ACCESS_TOKEN', kind: 'text', secret: true, sentence: { en: 'A component access token to use as it is, instead of fetching one with the ticket.', zh: '直接使用的 component_access_token，不再用票据获取。' } },
    { name: 'WECHAT_COMPONENT_ACCESS_TOKEN_URL', kind: 'url', secret: true, sentence: { en: 'Your own token service: a GET that answers {component_access_token, expires_in}.', zh: '自己的令牌服务：GET 返回 {component_access_token, expires_in}。' } },
  ],
  'Data': [
    { name: 'REDIS_URL', kind: 'redisUrl', secret: true, sentence: { en: 'A Redis of your own (6.2 or later, AOF, noeviction): redis://, rediss:// (its CA: NODE_EXTRA_CA_CERTS) or unix:. Unset: a private Redis under FASTREGISTER_HOME.', zh: '自己的 Redis（6.2 或更高版本，开启 AOF，noeviction）：redis://、rediss://（CA 用 NODE_EXTRA_CA_CERTS 指定）或 unix:。未设置时使用 FASTREGISTER_HOME 下的内置 Redis。' } },
    { name: 'FASTREGISTER_REDIS_PERSISTENCE', kind: 'persistence', default: 'required', sentence: { en: '`required` refuses to send with a Redis that does not persist to disk. `none` accepts such a Redis, for a rehearsal (docs/redis.md).', zh: '`required`：Redis 不写入磁盘时拒绝提交。`none`：允许这样的 Redis，仅供演练（见 docs/redis.md）。' } },
    { name: 'FASTREGISTER_REDIS_WAIT', kind: 'confirmation', default: 'none', sentence: { en: 'Where a call has to be stored before it is made, and a push before WeChat gets success: `replica` (WAIT), or, with Redis 7.2, `disk` or `replica-disk` (WAITAOF); see docs/redis.md.', zh: '一次调用在发出之前、一次推送在答复 success 之前须保存到哪里：`replica`（WAIT），或 Redis 7.2 的 `disk`、`replica-disk`（WAITAOF）；见 docs/redis.md。' } },
    { name: 'FASTREGISTER_HOME', kind: 'folder', sentence: { en: 'Private data: Redis files, spool, keys; mode 0700. Unset: the nearest .fastregister here or in a folder above; else a new one here.', zh: '私有数据：Redis 文件、暂存、密钥；权限 0700。未设置时使用当前或上级文件夹中最近的 .fastregister，没有则在当前文件夹新建。' } },
    { name: 'FASTREGISTER_LEDGER', kind: 'ledger', default: 'default', sentence: { en: 'Names the ledger: several platforms, or a rehearsal, on one Redis.', zh: '登记簿的名称：同一个 Redis 上有多个平台或演练时使用。' } },
    { name: 'FASTREGISTER_LANG', kind: 'language', sentence: { en: 'Language of every word that people read, zh or en. Unset: zh where the locale (LC_ALL, LANG) is Chinese, else en.', zh: '所有输出的语言，zh 或 en。未设置时：系统语言（LC_ALL、LANG）为中文则为 zh，否则为 en。' } },
    { name: 'FASTREGISTER_SECRET_KEY', kind: 'secretKey', secret: true, sentence: { en: 'Encrypts refresh tokens, the component access token and the verify ticket at rest. Unset: made on first use under FASTREGISTER_HOME; with REDIS_URL it has to be set.', zh: '用于加密保存刷新令牌、component_access_token 和票据。未设置时首次使用会在 FASTREGISTER_HOME 下生成；使用 REDIS_URL 时必须设置。' } },
    { name: 'FASTREGISTER_SECRET_KEY_PREVIOUS', kind: 'secretKey', secret: true, sentence: { en: 'The key before the last change. Values sealed with it can still be opened until `fastregister tokens reseal` has sealed them again.', zh: '上一次更换之前的密钥。用它加密的内容仍可解开，直到 `fastregister tokens reseal` 用新密钥重新加密。' } },
    { name: 'FASTREGISTER_COMPONENT_PHONE', kind: 'phone', sentence: { en: 'Telephone number of the platform for rows without one.', zh: '平台的客服电话，用于没有填写电话的行。' } },
  ],
  'Budgets': [
    { name: 'FASTREGISTER_DAILY_CALLS', kind: 'dailyCalls', default: '1000', sentence: { en: 'Calls a quota day, create and search together; auto believes WeChat’s quota/get.', zh: '每个额度日的调用次数，提交和查询合计；auto 以微信的 quota/get 为准。' } },
    { name: 'FASTREGISTER_SEARCH_RESERVE', kind: 'percent', default: '10%', sentence: { en: 'The largest part of the daily calls to reserve for searches. Only as many calls are reserved as searches fall due before the day ends.', zh: '每日调用中最多为查询保留的比例。只保留当天到期的查询所需的次数。' } },
    { name: 'FASTREGISTER_CALLS_PER_MINUTE', kind: 'count', default: '120', sentence: { en: 'Calls a minute, over all workers.', zh: '每分钟调用次数，所有工作进程合计。' } },
    { name: 'FASTREGISTER_CALLS_PER_SECOND', kind: 'count', default: '5', sentence: { en: 'Calls a second, over all workers.', zh: '每秒调用次数，所有工作进程合计。' } },
    { name: 'FASTREGISTER_QUOTA_TIMEZONE', kind: 'timezone', default: 'Asia/Shanghai', sentence: { en: 'The time zone in which the quota day begins and the sending hours are counted.', zh: '额度日和提交时段所用的时区。' } },
    { name: 'FASTREGISTER_SENDING_HOURS', kind: 'hours', default: '00:00-24:00', sentence: { en: 'Only create inside these hours: the legal person has 24 hours from then.', zh: '只在此时段内提交：法人从提交起有 24 小时。' } },
    { name: 'FASTREGISTER_STOP_AFTER', kind: 'count', default: '20', sentence: { en: 'Sending stops when this many merchants in a row get the same error from WeChat, over all workers. It stops after 3 pages instead of answers, and after 5 lost answers.', zh: '连续这么多商户遇到微信的同一错误时停止提交，所有工作进程合计。返回网页 3 次、答复丢失 5 次也会停止。' } },
    { name: 'FASTREGISTER_CONCURRENCY', kind: 'count', default: '8', sentence: { en: 'Calls in flight per worker.', zh: '每个工作进程同时进行的调用数。' } },
  ],
  'Receiver and console': [
    { name: 'FASTREGISTER_EVENTS_HOST', kind: 'host', default: '127.0.0.1', sentence: { en: 'Address on which the receiver listens.', zh: '接收服务监听的地址。' } },
    { name: 'FASTREGISTER_EVENTS_PORT', kind: 'port', default: '8480', sentence: { en: 'Port of the receiver.', zh: '接收服务的端口。' } },
    { name: 'FASTREGISTER_EVENTS_PATH', kind: 'path', default: '/wechat/events', sentence: { en: 'Path to which WeChat posts its pushes.', zh: '微信推送到的路径。' } },
    { name: 'FASTREGISTER_EVENTS_TRUST_PROXY', kind: 'networks', default: 'off', sentence: { en: 'Trusted proxies in front of the receiver. Their X-Forwarded-For names the client to which the limits apply: off, loopback, private, or addresses and networks.', zh: '接收服务前面的可信代理，其 X-Forwarded-For 指明限流所针对的客户端：off、loopback、private，或地址和网段。' } },
    { name: 'FASTREGISTER_FORWARD_URL', kind: 'target', sentence: { en: 'Relay every push we do not own, byte for byte, to the platform’s other service.', zh: '把不属于我们的推送原样转发到平台的其他服务。' } },
    { name: 'FASTREGISTER_FORWARD', kind: 'forward', default: 'others', sentence: { en: 'Which pushes are relayed: `others` omits the pushes about our registrations, `all` omits none.', zh: '转发哪些推送：`others` 不含我们注册的推送，`all` 全部转发。' } },
    { name: 'FASTREGISTER_CREATED_WEBHOOK', kind: 'target', secret: true, sentence: { en: 'Address of the platform’s own service that gets a notice of each new Mini Program. Its refresh token is included over https:// or to this machine only; see docs/webhooks.md.', zh: '平台自己的服务地址，每创建一个小程序就通知它。仅在 https:// 或本机地址时附带刷新令牌；见 docs/webhooks.md。' } },
    { name: 'FASTREGISTER_NOTIFY_URL', kind: 'targets', secret: true, sentence: { en: 'Addresses that get notices, separated by commas: a batch is done, sending stopped, no worker runs, the quota is used up, a night has ended, links are about to expire. A group robot of 企业微信, 钉钉 or 飞书 gets a message, any other address a webhook; see docs/webhooks.md.', zh: '接收通知的地址，用逗号分隔：批次完成、停止提交、没有工作进程、额度用完、夜间任务结束、链接即将过期。企业微信、钉钉、飞书群机器人收到群消息，其他地址收到 webhook；见 docs/webhooks.md。' } },
    { name: 'FASTREGISTER_NOTIFY_SECRET', kind: 'secrets', secret: true, sentence: { en: 'Secrets with which 钉钉 and 飞书 robots have messages signed, in the order of FASTREGISTER_NOTIFY_URL, separated by commas; nothing between two commas for an address without one.', zh: '钉钉、飞书机器人的加签密钥，顺序与 FASTREGISTER_NOTIFY_URL 相同，用逗号分隔；没有密钥的地址在两个逗号之间留空。' } },
    { name: 'FASTREGISTER_PUBLIC_URL', kind: 'url', sentence: { en: 'Where people open the console, such as https://fastregister.example.com: messages to a chat link to it.', zh: '控制台的访问地址，如 https://fastregister.example.com：群消息中的链接指向它。' } },
    { name: 'FASTREGISTER_WEBHOOK_SECRET', kind: 'text', secret: true, sentence: { en: 'Signs what is posted to webhooks; any long text, or whsec_ and Base64.', zh: '用于给 webhook 签名；任意较长的文本，或 whsec_ 加 Base64。' } },
    { name: 'FASTREGISTER_CONSOLE_HOST', kind: 'host', default: '127.0.0.1', sentence: { en: 'Address on which the console listens.', zh: '控制台监听的地址。' } },
    { name: 'FASTREGISTER_CONSOLE_PORT', kind: 'port', default: '8481', sentence: { en: 'Port of the console.', zh: '控制台的端口。' } },
    { name: 'FASTREGISTER_CONSOLE_PASSWORD', kind: 'text', secret: true, sentence: { en: 'Password of the built-in user `admin` of the console, which stays closed until it is set or a user is added (`fastregister users add`).', zh: '控制台内置用户 `admin` 的密码；未设置且未添加用户（`fastregister users add`）时，控制台关闭。' } },
    { name: 'FASTREGISTER_CONSOLE_TRUST_PROXY', kind: 'networks', default: 'off', sentence: { en: 'Trusted proxies in front of the console. Their X-Forwarded-For names the client, and X-Forwarded-Proto says whether TLS is used: off, loopback, private, or addresses and networks.', zh: '控制台前面的可信代理，其 X-Forwarded-For 指明客户端，X-Forwarded-Proto 指明是否使用 TLS：off、loopback、private，或地址和网段。' } },
    { name: 'FASTREGISTER_LOG_LEVEL', kind: 'logLevel', default: 'info', sentence: { en: 'Log level of the JSON lines on stderr. When unset, commands other than serve, work and listen log errors only.', zh: '标准错误输出中 JSON 日志的级别。未设置时，serve、work、listen 以外的命令只记录错误。' } },
  ],
} as const satisfies Record<string, readonly SettingRow[]>;

export type Setting = (typeof SECTIONS)[keyof typeof SECTIONS][number];

/** The waits are settings too; their table lives with their meaning. */
const WAIT_ROWS: readonly SettingRow[] = Object.values(WAIT_SETTINGS).map((wait) => ({
  name: wait.name,
  kind: wait.unit === 'tries' ? 'count' : wait.unit,
  default: wait.default,
  sentence: wait.sentence,
}));

/** Every setting in the order of the documents, for code that prints or offers them. */
export const SETTINGS_BY_SECTION: Readonly<Record<string, readonly SettingRow[]>> = { ...SECTIONS, Waits: WAIT_ROWS };

export const ROWS: readonly SettingRow[] = Object.values(SETTINGS_BY_SECTION).flat();

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;
type KeyOf<Name extends string> = CamelCase<Name extends `FASTREGISTER_${infer Rest}` ? Rest : Name>;
type ValueOf<R extends Setting> =
  | NonNullable<ReturnType<(typeof SETTING_KINDS)[R['kind']]['read']>>
  | (R extends { default: string } ? never : undefined);

/** FASTREGISTER_DAILY_CALLS is `dailyCalls` here, WECHAT_API_BASE_URL is `wechatApiBaseUrl`, every wait in `patience`. */
export type Settings = Omit<{ readonly [R in Setting as KeyOf<R['name']>]: ValueOf<R> }, 'home' | 'lang'> & {
  readonly home: string;
  readonly lang: Language;
  /**
   * Language of messages to a chat: Chinese unless FASTREGISTER_LANG is set. A server's locale says nothing about the
   * people who read them.
   */
  readonly chatLang: Language;
  /** WECHAT_API_BASE_URL is not WeChat's own address. */
  readonly isRehearsal: boolean;
  readonly patience: Patience;
  /** Those that are set, by name; every other one has its default. */
  readonly given: Readonly<Record<string, GivenSetting>>;
};

export type SettingSource = 'flag' | 'environment' | 'dotenv';

export interface GivenSetting {
  readonly source: SettingSource;
  /** In the file that NAME_FILE names. */
  readonly inFile: boolean;
  /** As it was written; absent for a secret. */
  readonly text?: string;
}

/** `--daily-calls` for FASTREGISTER_DAILY_CALLS, `--redis-url` for REDIS_URL. */
export function flagOf(name: string): string {
  return `--${name
    .replace(/^FASTREGISTER_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

/** The flag as commander hands it over: `dailyCalls`, `redisUrl`. */
export function keyOf(name: string): string {
  let key = keys.get(name);
  if (key === undefined) {
    key = flagOf(name)
      .slice(2)
      .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    keys.set(name, key);
  }
  return key;
}

/** Reading the settings asks for all of them three times. */
const keys = new Map<string, string>();

// --- shapes -----------------------------------------------------------------------------------------------------------

function anyText(text: string): string {
  return text;
}

function matching(pattern: RegExp): (text: string) => string | undefined {
  return (text) => (pattern.test(text) ? text : undefined);
}

function among<const Value extends string>(values: readonly Value[]): (text: string) => Value | undefined {
  return (text) => values.find((value) => value === text);
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : undefined;
}

function fraction(text: string): number | undefined {
  return /^(\d{1,2}|100)%$/.test(text) ? Number(text.slice(0, -1)) / 100 : undefined;
}

function keyBytes(text: string): Buffer | undefined {
  if (!/^([A-Za-z0-9+/]{43}=|[0-9a-fA-F]{64})$/.test(text)) return undefined;
  return Buffer.from(text, text.length === 64 ? 'hex' : 'base64');
}

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\/\S+$/.test(text) && URL.canParse(text);
}

function httpUrls(text: string): readonly string[] | undefined {
  const addresses = addressesIn(text);
  const each = addresses.length > 0 && addresses.every(isHttpUrl) && new Set(addresses).size === addresses.length;
  return each ? addresses : undefined;
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

export function isRedisUrl(text: string): boolean {
  if (/^unix:(\/\/)?\/[^\s]/.test(text)) return true;
  return /^rediss?:\/\/\S+$/.test(text) && URL.canParse(text);
}

function duration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function atMost(most: number, number: number | undefined): number | undefined {
  return number !== undefined && number <= most ? number : undefined;
}

function sendingHours(text: string): SendingHours | undefined {
  const [, from = '', until = ''] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  const [fromMinute, untilMinute] = [minuteOf(from), minuteOf(until)];
  if (fromMinute === undefined || untilMinute === undefined || fromMinute === 1440 || fromMinute === untilMinute) {
    return undefined;
  }
  return { fromMinute, untilMinute };
}

function minuteOf(time: string): number | undefined {
  const [hour, minute] = time.split(':').map(Number);
  if (hour === undefined || minute === undefined || minute > 59) return undefined;
  const minutes = hour * 60 + minute;
  return minutes <= 1440 ? minutes : undefined;
}
