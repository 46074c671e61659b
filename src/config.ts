/**
 * Settings: environment, `.env` and flags become one typed object, or one error that lists every fault at once.
 * A setting is one line of SECTIONS; `.env.example`, `docs/settings.md` and the commands' flags are printed from it.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { SendingHours } from './domain/calendar.js';
import { type Patience, parseDuration, WAITS } from './domain/patience.js';
import { addressesIn, ROBOTS, robotOf, secretsIn } from './domain/robot.js';
import { LANGUAGES, type Language, languageOfLocale, UserError } from './domain/words.js';
import { type Networks, networksFrom } from './http/addresses.js';

// --- kinds: what a value may look like, and what to write when it does not -------------------------------------------

interface Kind {
  readonly schema: z.ZodType<unknown, string>;
  readonly write: string;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const FORWARDS = ['others', 'all'] as const;
const PERSISTENCES = ['required', 'none'] as const;
const CONFIRMATIONS = ['none', 'replica', 'disk', 'replica-disk'] as const;
const REGISTRATION_APIS = ['fastregisterweapp', 'fastregisterenterpriseweapp'] as const;

const wholeNumber = z.string().regex(/^\d+$/).transform(Number);

const KINDS = {
  text: { schema: z.string(), write: 'any text' },
  appid: {
    schema: z.string().regex(/^wx[0-9a-zA-Z]{6,30}$/),
    write: 'the AppID of the third-party platform, such as wx0123456789abcdef',
  },
  aesKey: {
    schema: z.string().regex(/^[A-Za-z0-9+/]{43}$/),
    write: 'the 43 letters and digits of the EncodingAESKey, as the platform page shows them',
  },
  secretKey: {
    schema: z
      .string()
      .regex(/^([A-Za-z0-9+/]{43}=|[0-9a-fA-F]{64})$/)
      .transform((text) => Buffer.from(text, text.length === 64 ? 'hex' : 'base64')),
    write: '32 random bytes in Base64, as `openssl rand -base64 32` prints them',
  },
  url: {
    schema: z.string().refine(isHttpUrl).transform(withoutTrailingSlash),
    write: 'an address that begins with https:// or http://',
  },
  target: { schema: z.string().refine(isHttpUrl), write: 'an address that begins with https:// or http://' },
  targets: {
    schema: z.string().transform(addressesIn).refine(areHttpUrls),
    write: 'addresses that begin with https:// or http://, separated by commas, each once (a comma inside one is %2C)',
  },
  secrets: { schema: z.string().transform(secretsIn), write: 'secrets, separated by commas' },
  redisUrl: {
    schema: z.string().refine(isRedisUrl),
    write: 'redis://HOST:PORT, rediss://HOST:PORT or unix:/PATH/TO/redis.sock',
  },
  folder: { schema: z.string(), write: 'the path of a folder' },
  ledger: {
    schema: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
    write: 'up to 32 small letters, digits and hyphens, such as rehearsal',
  },
  host: {
    schema: z.string().regex(/^[^\s/]+$/),
    write: 'the address to listen on, such as 127.0.0.1 or 0.0.0.0',
  },
  port: {
    schema: wholeNumber.refine((port) => port <= 65_535),
    write: 'a whole number from 0 (any free port) to 65535',
  },
  path: { schema: z.string().regex(/^\/[^\s?#]*$/), write: 'a path that begins with /, such as /wechat/events' },
  networks: {
    schema: z.string().transform(networks),
    write: 'off, loopback, private, or addresses and networks such as 10.0.0.5,172.16.0.0/12',
  },
  count: { schema: wholeNumber.refine((count) => count >= 1), write: 'a whole number from 1' },
  percent: {
    schema: z
      .string()
      .regex(/^(\d{1,2}|100)%$/)
      .transform((text) => Number(text.slice(0, -1)) / 100),
    write: 'a percentage such as 10%',
  },
  dailyCalls: {
    schema: z.union([z.literal('auto'), wholeNumber.refine((count) => count >= 1)]),
    write: 'a whole number from 1, or auto',
  },
  duration: {
    schema: z.string().transform(duration),
    write: 'a number and a unit (ms, s, m, h, d), such as 30s, 90m or 26h',
  },
  hours: {
    schema: z.string().transform(sendingHours),
    write: 'two times of day as in 08:00-20:00; 22:00-06:00 goes over midnight, 00:00-24:00 is always',
  },
  timezone: { schema: z.string().refine(isTimezone), write: 'the name of a time zone, such as Asia/Shanghai' },
  phone: {
    schema: z.string().regex(/^[+0-9][0-9 -]{4,19}$/),
    write: 'a telephone number of digits, spaces and hyphens',
  },
  language: { schema: z.enum(LANGUAGES), write: LANGUAGES.join(' or ') },
  registrationApi: { schema: z.enum(REGISTRATION_APIS), write: REGISTRATION_APIS.join(' or ') },
  forward: { schema: z.enum(FORWARDS), write: FORWARDS.join(' or ') },
  persistence: { schema: z.enum(PERSISTENCES), write: PERSISTENCES.join(' or ') },
  confirmation: { schema: z.enum(CONFIRMATIONS), write: CONFIRMATIONS.join(', ') },
  logLevel: { schema: z.enum(LOG_LEVELS), write: `one of ${LOG_LEVELS.join(', ')}` },
} as const satisfies Record<string, Kind>;

// --- the table --------------------------------------------------------------------------------------------------------

interface SettingRow {
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  readonly default?: string;
  /** Never shown, and also read from the file that NAME_FILE names. */
  readonly secret?: true;
  readonly sentence: string;
}

// biome-ignore format: one line, one setting
const SECTIONS = {
  'The WeChat third-party platform': [
    { name: 'WECHAT_COMPONENT_APPID', kind: 'appid', sentence: 'AppID of the third-party platform.' },
    { name: 'WECHAT_COMPONENT_APPSECRET', kind: 'text', secret: true, sentence: 'AppSecret of the third-party platform; not needed where the token comes from your own token service.' },
    { name: 'WECHAT_MESSAGE_TOKEN', kind: 'text', secret: true, sentence: 'Verification token of the push, from the platform’s development settings.' },
    { name: 'WECHAT_ENCODING_AES_KEY', kind: 'aesKey', secret: true, sentence: 'EncodingAESKey of the push, 43 characters.' },
    { name: 'WECHAT_MESSAGE_TOKEN_PREVIOUS', kind: 'text', secret: true, sentence: 'The verification token before the last change; still accepted.' },
    { name: 'WECHAT_ENCODING_AES_KEY_PREVIOUS', kind: 'aesKey', secret: true, sentence: 'The EncodingAESKey before the last change; still accepted.' },
    { name: 'WECHAT_API_BASE_URL', kind: 'url', default: 'https://api.weixin.qq.com', sentence: 'Where WeChat’s API is; the address of the simulator in a rehearsal.' },
    { name: 'WECHAT_REGISTRATION_API', kind: 'registrationApi', default: 'fastregisterweapp', sentence: 'Which registration API to call: fastregisterweapp, or its successor fastregisterenterpriseweapp.' },
    { name: 'WECHAT_COMPONENT_ACCESS_TOKEN', kind: 'text', secret: true, sentence: 'A component access token to use as it is, instead of fetching one with the ticket.' },
    { name: 'WECHAT_COMPONENT_ACCESS_TOKEN_URL', kind: 'url', secret: true, sentence: 'Your own token service: a GET that answers {component_access_token, expires_in}.' },
  ],
  'Data': [
    { name: 'REDIS_URL', kind: 'redisUrl', secret: true, sentence: 'A Redis of your own (6.2 or later, AOF, noeviction): redis://, rediss:// (its CA: NODE_EXTRA_CA_CERTS) or unix:. Unset: a private Redis under FASTREGISTER_HOME.' },
    { name: 'FASTREGISTER_REDIS_PERSISTENCE', kind: 'persistence', default: 'required', sentence: '`required` refuses to send with a Redis that does not persist to disk. `none` accepts such a Redis, for a rehearsal (docs/redis.md).' },
    { name: 'FASTREGISTER_REDIS_WAIT', kind: 'confirmation', default: 'none', sentence: 'Where a call has to be stored before it is made, and a push before WeChat gets success: `replica` (WAIT), or, with Redis 7.2, `disk` or `replica-disk` (WAITAOF); see docs/redis.md.' },
    { name: 'FASTREGISTER_HOME', kind: 'folder', sentence: 'Private data: Redis files, spool, keys; mode 0700. Unset: the nearest .fastregister here or in a folder above; else a new one here.' },
    { name: 'FASTREGISTER_LEDGER', kind: 'ledger', default: 'default', sentence: 'Names the ledger: several platforms, or a rehearsal, on one Redis.' },
    { name: 'FASTREGISTER_LANG', kind: 'language', sentence: 'Language of every word that people read, zh or en. Unset: zh where the locale (LC_ALL, LANG) is Chinese, else en.' },
    { name: 'FASTREGISTER_SECRET_KEY', kind: 'secretKey', secret: true, sentence: 'Encrypts refresh tokens, the component access token and the verify ticket at rest. Unset: made on first use under FASTREGISTER_HOME; with REDIS_URL it has to be set.' },
    { name: 'FASTREGISTER_SECRET_KEY_PREVIOUS', kind: 'secretKey', secret: true, sentence: 'The key before the last change. Values sealed with it can still be opened until `fastregister tokens reseal` has sealed them again.' },
    { name: 'FASTREGISTER_COMPONENT_PHONE', kind: 'phone', sentence: 'Telephone number of the platform for rows without one.' },
  ],
  'Budgets': [
    { name: 'FASTREGISTER_DAILY_CALLS', kind: 'dailyCalls', default: '1000', sentence: 'Calls a quota day, create and search together; auto believes WeChat’s quota/get.' },
    { name: 'FASTREGISTER_SEARCH_RESERVE', kind: 'percent', default: '10%', sentence: 'The largest part of the daily calls to reserve for searches. Only as many calls are reserved as searches fall due before the day ends.' },
    { name: 'FASTREGISTER_CALLS_PER_MINUTE', kind: 'count', default: '120', sentence: 'Calls a minute, over all workers.' },
    { name: 'FASTREGISTER_CALLS_PER_SECOND', kind: 'count', default: '5', sentence: 'Calls a second, over all workers.' },
    { name: 'FASTREGISTER_QUOTA_TIMEZONE', kind: 'timezone', default: 'Asia/Shanghai', sentence: 'The time zone in which the quota day begins and the sending hours are counted.' },
    { name: 'FASTREGISTER_SENDING_HOURS', kind: 'hours', default: '00:00-24:00', sentence: 'Only create inside these hours: the legal person has 24 hours from then.' },
    { name: 'FASTREGISTER_STOP_AFTER', kind: 'count', default: '20', sentence: 'Sending stops when this many merchants in a row get the same error from WeChat, over all workers. It stops after 3 pages instead of answers, and after 5 lost answers.' },
    { name: 'FASTREGISTER_CONCURRENCY', kind: 'count', default: '8', sentence: 'Calls in flight per worker.' },
  ],
  'Receiver and console': [
    { name: 'FASTREGISTER_EVENTS_HOST', kind: 'host', default: '127.0.0.1', sentence: 'Address on which the receiver listens.' },
    { name: 'FASTREGISTER_EVENTS_PORT', kind: 'port', default: '8480', sentence: 'Port of the receiver.' },
    { name: 'FASTREGISTER_EVENTS_PATH', kind: 'path', default: '/wechat/events', sentence: 'Path to which WeChat posts its pushes.' },
    { name: 'FASTREGISTER_EVENTS_TRUST_PROXY', kind: 'networks', default: 'off', sentence: 'Trusted proxies in front of the receiver. Their X-Forwarded-For names the client to which the limits apply: off, loopback, private, or addresses and networks.' },
    { name: 'FASTREGISTER_FORWARD_URL', kind: 'target', sentence: 'Relay every push we do not own, byte for byte, to the platform’s other service.' },
    { name: 'FASTREGISTER_FORWARD', kind: 'forward', default: 'others', sentence: 'Which pushes are relayed: `others` omits the pushes about our registrations, `all` omits none.' },
    { name: 'FASTREGISTER_CREATED_WEBHOOK', kind: 'target', secret: true, sentence: 'Address of the platform’s own service that gets a notice of each new Mini Program. Its refresh token is included over https:// or to this machine only; see docs/webhooks.md.' },
    { name: 'FASTREGISTER_NOTIFY_URL', kind: 'targets', secret: true, sentence: 'Addresses that get notices, separated by commas: a batch is done, sending stopped, no worker runs, the quota is used up, a night has ended, links are about to expire. A group robot of 企业微信, 钉钉 or 飞书 gets a message, any other address a webhook; see docs/webhooks.md.' },
    { name: 'FASTREGISTER_NOTIFY_SECRET', kind: 'secrets', secret: true, sentence: 'Secrets with which 钉钉 and 飞书 robots have messages signed, in the order of FASTREGISTER_NOTIFY_URL, separated by commas; nothing between two commas for an address without one.' },
    { name: 'FASTREGISTER_PUBLIC_URL', kind: 'url', sentence: 'Where people open the console, such as https://fastregister.example.com: messages to a chat link to it.' },
    { name: 'FASTREGISTER_WEBHOOK_SECRET', kind: 'text', secret: true, sentence: 'Signs what is posted to webhooks; any long text, or whsec_ and Base64.' },
    { name: 'FASTREGISTER_CONSOLE_HOST', kind: 'host', default: '127.0.0.1', sentence: 'Address on which the console listens.' },
    { name: 'FASTREGISTER_CONSOLE_PORT', kind: 'port', default: '8481', sentence: 'Port of the console.' },
    { name: 'FASTREGISTER_CONSOLE_PASSWORD', kind: 'text', secret: true, sentence: 'Password of the console, which stays closed until it is set.' },
    { name: 'FASTREGISTER_LOG_LEVEL', kind: 'logLevel', default: 'info', sentence: 'Log level of the JSON lines on stderr. When unset, commands other than serve, work and listen log errors only.' },
  ],
} as const satisfies Record<string, readonly SettingRow[]>;

type Row = (typeof SECTIONS)[keyof typeof SECTIONS][number];

/** The waits are settings too; their table lives with their meaning. */
const WAIT_ROWS: readonly SettingRow[] = Object.values(WAITS).map((wait) => ({
  name: wait.name,
  kind: wait.unit === 'tries' ? 'count' : 'duration',
  default: wait.default,
  sentence: wait.sentence,
}));

/** Every setting in the order of the documents, for whoever prints or offers them. */
export const SETTINGS_BY_SECTION: Readonly<Record<string, readonly SettingRow[]>> = { ...SECTIONS, Waits: WAIT_ROWS };

const ROWS: readonly SettingRow[] = Object.values(SETTINGS_BY_SECTION).flat();

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;
type KeyOf<Name extends string> = CamelCase<Name extends `FASTREGISTER_${infer Rest}` ? Rest : Name>;
type ValueOf<R extends Row> =
  | z.output<(typeof KINDS)[R['kind']]['schema']>
  | (R extends { default: string } ? never : undefined);

/** FASTREGISTER_DAILY_CALLS is `dailyCalls` here, WECHAT_API_BASE_URL is `wechatApiBaseUrl`, every wait in `patience`. */
export type Settings = Omit<{ readonly [R in Row as KeyOf<R['name']>]: ValueOf<R> }, 'home' | 'lang'> & {
  readonly home: string;
  readonly lang: Language;
  /** Of messages to a chat: Chinese unless FASTREGISTER_LANG is set. A server's locale says nothing about who reads them. */
  readonly chatLang: Language;
  /** WECHAT_API_BASE_URL is not WeChat's own address. */
  readonly isRehearsal: boolean;
  readonly patience: Patience;
};

/** `--daily-calls` for FASTREGISTER_DAILY_CALLS, `--redis-url` for REDIS_URL. */
export function flagOf(name: string): string {
  return `--${name
    .replace(/^FASTREGISTER_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

/** The flag as commander hands it over: `dailyCalls`, `redisUrl`. */
function keyOf(name: string): string {
  return flagOf(name)
    .slice(2)
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

// --- what a command cannot do without ---------------------------------------------------------------------------------

/** `wechat`: it calls WeChat. `sending`: it registers. `push`: it reads pushes. `encryption`: it keeps refresh tokens. */
export type Need = 'wechat' | 'sending' | 'push' | 'encryption';

const REQUIRED: Record<Need, (isSet: (name: Row['name']) => boolean) => readonly Row['name'][]> = {
  wechat: (isSet) =>
    isSet('WECHAT_COMPONENT_ACCESS_TOKEN') || isSet('WECHAT_COMPONENT_ACCESS_TOKEN_URL')
      ? ['WECHAT_COMPONENT_APPID']
      : ['WECHAT_COMPONENT_APPID', 'WECHAT_COMPONENT_APPSECRET'],
  // Which registration API: see undecidedApi.
  sending: () => [],
  push: () => ['WECHAT_COMPONENT_APPID', 'WECHAT_MESSAGE_TOKEN', 'WECHAT_ENCODING_AES_KEY'],
  encryption: (isSet) => (isSet('REDIS_URL') ? ['FASTREGISTER_SECRET_KEY'] : []),
};

// --- reading ----------------------------------------------------------------------------------------------------------

export interface Fault {
  readonly name: string;
  /** What is wrong; never the value of a secret. */
  readonly problem: string;
  readonly remedy: string;
}

export class SettingsError extends UserError {
  override readonly name = 'SettingsError';
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const text = faults.map(({ name, problem, remedy }) => `${name} ${problem}: ${remedy}.`).join('\n');
    super({ en: text, zh: text });
    this.faults = faults;
  }
}

export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of `.env`; see {@link readDotenv}. */
  readonly dotenv?: string;
  /** As commander hands them over; what is no setting is left alone. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly needs?: readonly Need[];
  /** What holds for this command where nothing is set, by the setting's name. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Relative paths begin here. */
  readonly cwd?: string;
  /** Called for a secret that was given as a flag: everybody on this machine can read it in the list of processes. */
  readonly onSecretFlag?: (name: string) => void;
}

/** The nearest `.fastregister`, here or in a folder above, as git finds its repository; else the one that would be made here. */
export function findHome(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const home = join(folder, HOME_NAME);
    if (isFolder(home)) return home;
    if (dirname(folder) === folder) return join(resolve(cwd), HOME_NAME);
  }
}

const HOME_NAME = '.fastregister';

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, or not to be looked at.
    return false;
  }
}

/** Data of another user is neither read nor written by accident. */
function foreignHome(home: string): Fault[] {
  const owner = statSync(home, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.getuid?.()) return [];
  return [
    {
      name: 'FASTREGISTER_HOME',
      problem: `is not set, and ${home} belongs to another user`,
      remedy: 'run fastregister as that user, or set FASTREGISTER_HOME to a folder of your own',
    },
  ];
}

/** `.env` of the folder that holds the home, or would hold it. A byte order mark, which Windows Notepad writes, is no letter of a name. */
export function readDotenv(cwd: string): string {
  const folder = dirname(findHome(cwd));
  try {
    return readFileSync(join(folder, '.env'), 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new SettingsError([
      { name: '.env', problem: `cannot be read (${reasonOf(cause)})`, remedy: 'make it readable or remove it' },
    ]);
  }
}

/** @throws SettingsError with every fault of every setting */
export function readSettings({
  env,
  dotenv = '',
  flags = {},
  needs = [],
  defaults = {},
  cwd = process.cwd(),
  onSecretFlag = () => {},
}: Sources): Settings {
  const found = findHome(cwd);
  const sources = [namesOfFlags(flags), env, parseEnv(dotenv)];
  /** Where relative paths of each of them begin. */
  const folders = [cwd, cwd, dirname(found)];
  const faults: Fault[] = sources.flatMap(unknownNames);
  const given = new Map<string, string>();
  const values: Record<string, unknown> = {};
  let home: string | undefined;

  for (const row of ROWS) {
    const { value, fault, folder } = find(row, sources, folders);
    if (fault) faults.push(fault);
    if (value !== undefined) given.set(row.name, value);
    if (row.name === 'FASTREGISTER_HOME' && value !== undefined && folder !== undefined) home = resolve(folder, value);

    const text = value ?? defaults[row.name] ?? row.default;
    const parsed = text === undefined ? undefined : KINDS[row.kind].schema.safeParse(text);
    if (parsed?.success === false) faults.push(misshapen(row, text ?? ''));
    values[keyOf(row.name)] = parsed?.data;
  }

  for (const name of Object.keys(sources[0] ?? {})) {
    if (ROWS.some((row) => row.name === name && row.secret)) onSecretFlag(name);
  }
  const nearly = sources.flatMap(Object.keys);
  faults.push(...missing(needs, given, faults, nearly), ...contradictions(given));
  if (needs.includes('sending')) faults.push(...undecidedApi(given));
  if (home === undefined) faults.push(...foreignHome(found));
  if (faults.length > 0) throw new SettingsError(faults);

  // The loop above has put the output of each row's schema under the row's key, which is what the mapped type says.
  const { lang } = values;
  return {
    ...values,
    home: home ?? found,
    lang: lang ?? languageOfLocale(env),
    chatLang: lang ?? 'zh',
    isRehearsal: !isWechat(given.get('WECHAT_API_BASE_URL')),
    patience: patienceOf(values),
  } as unknown as Settings;
}

type Source = Readonly<Record<string, string | undefined>>;

function namesOfFlags(flags: Readonly<Record<string, unknown>>): Source {
  const named: Record<string, string> = {};
  for (const name of KNOWN) {
    const value = flags[keyOf(name)];
    if (value !== undefined) named[name] = String(value);
  }
  return named;
}

/** The first source that speaks of a setting decides; an empty value is an unset one, as docker compose passes them. */
function find(
  row: SettingRow,
  sources: readonly Source[],
  folders: readonly string[],
): { value?: string; fault?: Fault; folder?: string } {
  for (const [at, source] of sources.entries()) {
    const folder = folders[at] ?? '';
    const value = source[row.name]?.trim();
    const file = row.secret ? source[`${row.name}_FILE`]?.trim() : undefined;
    if (value && file) {
      return { fault: { name: row.name, problem: `is set beside ${row.name}_FILE`, remedy: 'keep one of the two' } };
    }
    if (value) return { value, folder };
    if (file) return readSecretFile(row.name, resolve(folder, file));
  }
  return {};
}

function readSecretFile(name: string, path: string): { value?: string; fault?: Fault } {
  const remedy = `name a file that holds ${name} and nothing else`;
  try {
    const value = readFileSync(path, 'utf8').trim();
    if (value) return { value };
    return { fault: { name: `${name}_FILE`, problem: `names ${path}, which is empty`, remedy } };
  } catch (cause) {
    return {
      fault: { name: `${name}_FILE`, problem: `names ${path}, which cannot be read (${reasonOf(cause)})`, remedy },
    };
  }
}

function misshapen(row: SettingRow, text: string): Fault {
  const problem = row.secret ? `is not well-formed (it has ${text.length} characters)` : `is ${JSON.stringify(text)}`;
  return { name: row.name, problem, remedy: `write ${KINDS[row.kind].write}` };
}

function missing(
  needs: readonly Need[],
  given: Map<string, string>,
  faults: readonly Fault[],
  nearly: readonly string[],
): Fault[] {
  const required = new Set(needs.flatMap((need) => REQUIRED[need]((name) => given.has(name))));
  return ROWS.filter((row) => required.has(row.name as Row['name']) && !given.has(row.name))
    .filter((row) => !faults.some((fault) => fault.name === row.name || fault.name === `${row.name}_FILE`))
    .map((row) => {
      const typo = nearly.find((name) => !KNOWN.has(name) && name !== row.name && distance(name, row.name) <= 2);
      const hint = typo ? `; ${typo} is set, which is no setting` : '';
      return {
        name: row.name,
        problem: 'is missing',
        remedy: `set it (${row.sentence.replace(/[.;].*$/, '')})${hint}`,
      };
    });
}

/** Against WeChat's own API the choice decides who writes to the legal person, and one of the two is offline. */
function undecidedApi(given: Map<string, string>): Fault[] {
  if (!isWechat(given.get('WECHAT_API_BASE_URL')) || given.has('WECHAT_REGISTRATION_API')) return [];
  return [
    {
      name: 'WECHAT_REGISTRATION_API',
      problem: 'has to be chosen',
      remedy: [
        'set it to one of the two',
        "  fastregisterenterpriseweapp   today's API: needs name and code; you hand a link to each legal person, who has 24 hours",
        '  fastregisterweapp             the API before it: WeChat writes to the legal person; announced to go offline on 2026-04-30',
      ].join('\n'),
    },
  ];
}

function isWechat(apiBaseUrl: string | undefined): boolean {
  return apiBaseUrl === undefined || /^https?:\/\/([\w-]+\.)?api2?\.weixin\.qq\.com(\/|$)/.test(apiBaseUrl);
}

function contradictions(given: Map<string, string>): Fault[] {
  const faults: Fault[] = [];
  if (given.has('WECHAT_COMPONENT_ACCESS_TOKEN') && given.has('WECHAT_COMPONENT_ACCESS_TOKEN_URL')) {
    const problem = 'is set beside WECHAT_COMPONENT_ACCESS_TOKEN_URL';
    faults.push({ name: 'WECHAT_COMPONENT_ACCESS_TOKEN', problem, remedy: 'keep one of the two' });
  }
  const signed = signedWebhook(given);
  if (signed !== undefined && !given.has('FASTREGISTER_WEBHOOK_SECRET')) {
    const remedy = 'set it to a long random text, and give the receiver the same';
    faults.push({ name: 'FASTREGISTER_WEBHOOK_SECRET', problem: `is missing beside ${signed}`, remedy });
  }
  return [...faults, ...misplacedSecrets(given)];
}

/** What is posted there is signed with FASTREGISTER_WEBHOOK_SECRET; robots have secrets of their own. */
function signedWebhook(given: Map<string, string>): Row['name'] | undefined {
  if (given.has('FASTREGISTER_CREATED_WEBHOOK')) return 'FASTREGISTER_CREATED_WEBHOOK';
  return notifyAddresses(given).some((address) => robotOf(address) === undefined)
    ? 'FASTREGISTER_NOTIFY_URL'
    : undefined;
}

function notifyAddresses(given: Map<string, string>): string[] {
  return addressesIn(given.get('FASTREGISTER_NOTIFY_URL') ?? '').filter(isHttpUrl);
}

/** A secret that belongs to no robot was written in another order, and its robot refuses every message. */
function misplacedSecrets(given: Map<string, string>): Fault[] {
  const addresses = notifyAddresses(given);
  const name = 'FASTREGISTER_NOTIFY_SECRET';
  const remedy =
    'write the secrets in the order of the addresses, and nothing between two commas for an address without one';
  return secretsIn(given.get(name) ?? '').flatMap((secret, at) => {
    if (secret === '') return [];
    const address = addresses[at];
    const robot = address === undefined ? undefined : robotOf(address);
    if (robot !== undefined && ROBOTS[robot].signs) return [];
    const what =
      address === undefined
        ? 'is not there'
        : robot === undefined
          ? 'is no group robot'
          : `is a ${ROBOTS[robot].en}, which takes none`;
    return [{ name, problem: `has a secret for address ${at + 1} of FASTREGISTER_NOTIFY_URL, which ${what}`, remedy }];
  });
}

const KNOWN = new Set(ROWS.flatMap((row) => (row.secret ? [row.name, `${row.name}_FILE`] : [row.name])));

/** Only our own prefix: other programs have settings that begin with WECHAT_ or REDIS_. */
function unknownNames(source: Source): Fault[] {
  return Object.keys(source)
    .filter((name) => name.startsWith('FASTREGISTER_') && !KNOWN.has(name))
    .map((name) => {
      const closest = [...KNOWN].reduce((best, known) => (distance(name, known) < distance(name, best) ? known : best));
      return { name, problem: 'is not a setting', remedy: `did you mean ${closest}? Otherwise remove it` };
    });
}

function patienceOf(values: Record<string, unknown>): Patience {
  const entries = Object.entries(WAITS).map(([key, wait]) => [key, values[keyOf(wait.name)]]);
  for (const wait of Object.values(WAITS)) delete values[keyOf(wait.name)];
  return Object.fromEntries(entries) as Patience;
}

// --- shapes -----------------------------------------------------------------------------------------------------------

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/\S+$/.test(text) && URL.canParse(text);
}

function areHttpUrls(addresses: readonly string[]): boolean {
  return addresses.length > 0 && addresses.every(isHttpUrl) && new Set(addresses).size === addresses.length;
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function isRedisUrl(text: string): boolean {
  if (/^unix:(\/\/)?\/[^\s]/.test(text)) return true;
  return /^rediss?:\/\/\S+$/.test(text) && URL.canParse(text);
}

function isTimezone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function networks(text: string, context: z.RefinementCtx<string>): Networks {
  const found = networksFrom(text);
  if (found !== undefined) return found;
  context.addIssue('not a list of networks');
  return z.NEVER;
}

function duration(text: string, context: z.RefinementCtx<string>): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    context.addIssue(reasonOf(cause));
    return z.NEVER;
  }
}

function sendingHours(text: string, context: z.RefinementCtx<string>): SendingHours {
  const [, from = '', until = ''] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  const [fromMinute, untilMinute] = [minuteOf(from), minuteOf(until)];
  if (fromMinute === undefined || untilMinute === undefined || fromMinute === 1440 || fromMinute === untilMinute) {
    context.addIssue('not a span of hours');
    return z.NEVER;
  }
  return { fromMinute, untilMinute };
}

function minuteOf(time: string): number | undefined {
  const [hour, minute] = time.split(':').map(Number);
  if (hour === undefined || minute === undefined || minute > 59) return undefined;
  const minutes = hour * 60 + minute;
  return minutes <= 1440 ? minutes : undefined;
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'it does not exist' : code === 'EACCES' ? 'permission denied' : (code ?? message);
}

/** Levenshtein: how many letters have to change before one name is the other. */
function distance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [current[column], previous[column + 1], previous[column]];
      current.push(Math.min(left + 1, above + 1, diagonal + (letter === otherLetter ? 0 : 1)));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
