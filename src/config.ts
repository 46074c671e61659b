/** Reading the settings: environment, `.env` and flags become one typed object, or one error that lists every fault at once. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { callsWechat, contradictions, KEEP_ONE, type SettingFault, setBeside, undecidedApi } from './config-rules.js';
import { type Patience, WAIT_SETTINGS } from './domain/patience.js';
import { languageOfLocale, same, UserError, type Words } from './domain/words.js';
import {
  flagOf,
  type GivenSetting,
  keyOf,
  ROWS,
  SETTING_KINDS,
  type Setting,
  type SettingRow,
  type SettingSource,
  type Settings,
} from './settings.js';

// --- what a command cannot do without ---------------------------------------------------------------------------------

/** `wechat`: it calls WeChat. `sending`: it registers. `push`: it reads pushes. `encryption`: it keeps refresh tokens. */
export type Need = 'wechat' | 'sending' | 'push' | 'encryption';

const REQUIRED: Record<Need, (isSet: (name: Setting['name']) => boolean) => readonly Setting['name'][]> = {
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

export class SettingsError extends UserError {
  override readonly name = 'SettingsError';
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    super({
      en: faults.map(({ name, problem, remedy }) => `${name} ${problem.en}: ${remedy.en}.`).join('\n'),
      zh: faults.map(({ name, problem, remedy }) => `${name} ${problem.zh}：${remedy.zh}。`).join('\n'),
    });
    this.faults = faults;
  }
}

export interface SettingSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of `.env`; see {@link readDotenv}. */
  readonly dotenv?: string;
  /** As commander hands them over; what is no setting is left alone. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly needs?: readonly Need[];
  /** What holds for this command where nothing is set, by the setting's name. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** False: a home of another user is no fault. */
  readonly usesHome?: boolean;
  /** Relative paths begin here. */
  readonly cwd?: string;
  /** Called for a secret that was given as a flag: every user of this machine can read it in the list of processes. */
  readonly onSecretFlag?: (name: string) => void;
}

/**
 * The nearest `.fastregister`, here or in a folder above, as git finds its repository; else the folder that would be
 * made here.
 */
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

/** @throws SettingsError: settings that were read for a command without a home are used for one */
export function refuseForeignHome({ home, given }: Pick<Settings, 'home' | 'given'>): void {
  const faults = given.FASTREGISTER_HOME === undefined ? foreignHome(home) : [];
  if (faults.length > 0) throw new SettingsError(faults);
}

/** Data of another user is neither read nor written by accident. */
function foreignHome(home: string): SettingFault[] {
  const owner = statSync(home, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.getuid?.()) return [];
  return [
    {
      name: 'FASTREGISTER_HOME',
      problem: { en: `is not set, and ${home} belongs to another user`, zh: `未设置，而 ${home} 属于其他用户` },
      remedy: {
        en: 'run fastregister as that user, or set FASTREGISTER_HOME to a folder of your own',
        zh: '请以该用户运行 fastregister，或将 FASTREGISTER_HOME 设为自己的文件夹',
      },
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
      {
        name: '.env',
        problem: { en: `cannot be read (${reasonOf(cause).en})`, zh: `无法读取（${reasonOf(cause).zh}）` },
        remedy: { en: 'make it readable or remove it', zh: '请修改其权限，或删除' },
      },
    ]);
  }
}

/** A `.env` of the current folder that is not read, because the nearest home is in a folder above; and the one that is. */
export function unreadDotenv(cwd: string): { readonly file: string; readonly read: string } | undefined {
  const folder = dirname(findHome(cwd));
  const file = join(cwd, '.env');
  return resolve(folder) !== resolve(cwd) && existsSync(file) ? { file, read: join(folder, '.env') } : undefined;
}

/** @throws SettingsError with every fault of every setting */
export function readSettings({
  env,
  dotenv = '',
  flags = {},
  needs = [],
  defaults = {},
  usesHome = true,
  cwd = process.cwd(),
  onSecretFlag = () => {},
}: SettingSources): Settings {
  const found = findHome(cwd);
  const sources = [namesOfFlags(flags), env, parseEnv(dotenv)];
  /** Where relative paths of each of them begin. */
  const folders = [cwd, cwd, dirname(found)];
  const faults: SettingFault[] = sources.flatMap(unknownNames);
  const given = new Map<string, string>();
  const shown: Record<string, GivenSetting> = {};
  const values: Record<string, unknown> = {};
  let home: string | undefined;

  for (const row of ROWS) {
    const { value, fault, folder, source } = find(row, sources, folders);
    if (fault) faults.push(fault);
    if (value !== undefined) given.set(row.name, value);
    if (value !== undefined && source !== undefined) {
      shown[row.name] = { source, inFile: folder === undefined, ...(row.secret === true ? {} : { text: value }) };
    }
    if (row.name === 'FASTREGISTER_HOME' && value !== undefined && folder !== undefined) home = resolve(folder, value);

    const text = value ?? defaults[row.name] ?? row.default;
    const read = text === undefined ? undefined : SETTING_KINDS[row.kind].read(text);
    if (text !== undefined && read === undefined) faults.push(misshapen(row, text));
    values[keyOf(row.name)] = read;
  }

  for (const name of Object.keys(sources[0] ?? {})) {
    if (ROWS.some((row) => row.name === name && row.secret)) onSecretFlag(name);
  }
  const nearly = sources.flatMap(Object.keys);
  faults.push(...missing(needs, given, faults, nearly), ...contradictions(given));
  if (needs.includes('sending')) faults.push(...undecidedApi(given));
  if (usesHome && home === undefined) faults.push(...foreignHome(found));
  if (faults.length > 0) throw new SettingsError(faults.map((fault) => asTyped(fault, sources[0] ?? {})));

  // The loop above has put what each row's kind reads under the row's key, which is what the mapped type says.
  const { lang } = values;
  return {
    ...values,
    home: home ?? found,
    lang: lang ?? languageOfLocale(env),
    chatLang: lang ?? 'zh',
    isRehearsal: !callsWechat(given),
    patience: patienceOf(values),
    given: shown,
  } as unknown as Settings;
}

/** Rows are checked by the rules of the default, and the first call will be refused. */
export function isApiUndecided(settings: Pick<Settings, 'given'>): boolean {
  return undecidedApi(givenTo(settings)).length > 0;
}

function givenTo({ given }: Pick<Settings, 'given'>): Map<string, string> {
  return new Map(Object.entries(given).map(([name, { text = '' }]) => [name, text]));
}

/** What a command with these needs would miss, of settings that were read for another one. */
export function missingFor(settings: Pick<Settings, 'given'>, needs: readonly Need[]): SettingFault[] {
  const given = givenTo(settings);
  return [...missing(needs, given, [], []), ...(needs.includes('sending') ? undecidedApi(given) : [])];
}

type Source = Readonly<Record<string, string | undefined>>;

/** In the order in which they decide. */
const SOURCES: readonly SettingSource[] = ['flag', 'environment', 'dotenv'];

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
): { value?: string; fault?: SettingFault; folder?: string; source?: SettingSource | undefined } {
  for (const [at, source] of sources.entries()) {
    const folder = folders[at] ?? '';
    const value = source[row.name]?.trim();
    const file = row.secret ? source[`${row.name}_FILE`]?.trim() : undefined;
    if (value && file) {
      return { fault: { name: row.name, problem: setBeside(`${row.name}_FILE`), remedy: KEEP_ONE } };
    }
    if (value) return { value, folder, source: SOURCES[at] };
    if (file) return { ...readSecretFile(row.name, resolve(folder, file)), source: SOURCES[at] };
  }
  return {};
}

function readSecretFile(name: string, path: string): { value?: string; fault?: SettingFault } {
  const remedy = {
    en: `name a file that holds ${name} and nothing else`,
    zh: `请指定一个只含 ${name} 内容的文件`,
  };
  try {
    const value = readFileSync(path, 'utf8').trim();
    if (value) return { value };
    const problem = { en: `names ${path}, which is empty`, zh: `所指的 ${path} 为空` };
    return { fault: { name: `${name}_FILE`, problem, remedy } };
  } catch (cause) {
    const why = reasonOf(cause);
    const problem = {
      en: `names ${path}, which cannot be read (${why.en})`,
      zh: `所指的 ${path} 无法读取（${why.zh}）`,
    };
    return { fault: { name: `${name}_FILE`, problem, remedy } };
  }
}

/** A setting that was given as a flag is named as the flag. */
function asTyped(fault: SettingFault, flags: Source): SettingFault {
  return flags[fault.name] === undefined ? fault : { ...fault, name: flagOf(fault.name) };
}

function misshapen(row: SettingRow, text: string): SettingFault {
  const { write } = SETTING_KINDS[row.kind];
  const problem = row.secret
    ? { en: `is not well-formed (it has ${text.length} characters)`, zh: `格式不正确（共 ${text.length} 个字符）` }
    : { en: `is ${JSON.stringify(text)}`, zh: `为 ${JSON.stringify(text)}` };
  return { name: row.name, problem, remedy: { en: `write ${write.en}`, zh: `请填写${spaced(write.zh)}` } };
}

/** Behind a Chinese character, letters and digits stand after a space. */
function spaced(text: string): string {
  return /^[a-z0-9]/i.test(text) ? ` ${text}` : text;
}

function missing(
  needs: readonly Need[],
  given: Map<string, string>,
  faults: readonly SettingFault[],
  nearly: readonly string[],
): SettingFault[] {
  const required = new Set(needs.flatMap((need) => REQUIRED[need]((name) => given.has(name))));
  return ROWS.filter((row) => required.has(row.name as Setting['name']) && !given.has(row.name))
    .filter((row) => !faults.some((fault) => fault.name === row.name || fault.name === `${row.name}_FILE`))
    .map((row) => {
      const typo = nearly.find((name) => !KNOWN.has(name) && name !== row.name && distance(name, row.name) <= 2);
      const { en, zh } = row.sentence;
      return {
        name: row.name,
        problem: { en: 'is missing', zh: '未设置' },
        remedy: {
          en: `set it (${en.replace(/[.;].*$/, '')})${typo ? `; ${typo} is set, which is no setting` : ''}`,
          zh: `请设置（${zh.replace(/[。；].*$/, '')}）${typo ? `；已设置的 ${typo} 不是配置项` : ''}`,
        },
      };
    });
}

const KNOWN = new Set(ROWS.flatMap((row) => (row.secret ? [row.name, `${row.name}_FILE`] : [row.name])));

/** Only our own prefix: other programs have settings that begin with WECHAT_ or REDIS_. */
function unknownNames(source: Source): SettingFault[] {
  return Object.keys(source)
    .filter((name) => name.startsWith('FASTREGISTER_') && !KNOWN.has(name))
    .map((name) => {
      const closest = [...KNOWN].reduce((best, known) => (distance(name, known) < distance(name, best) ? known : best));
      return {
        name,
        problem: { en: 'is not a setting', zh: '不是配置项' },
        remedy: { en: `did you mean ${closest}? Otherwise remove it`, zh: `是否应为 ${closest}？否则请删除` },
      };
    });
}

function patienceOf(values: Record<string, unknown>): Patience {
  const entries = Object.entries(WAIT_SETTINGS).map(([key, wait]) => [key, values[keyOf(wait.name)]]);
  for (const wait of Object.values(WAIT_SETTINGS)) delete values[keyOf(wait.name)];
  return Object.fromEntries(entries) as Patience;
}

function reasonOf(cause: unknown): Words {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const other = code === '' ? message : code;
  return REASONS[code] ?? same(other);
}

const REASONS: Readonly<Record<string, Words>> = {
  ENOENT: { en: 'it does not exist', zh: '文件不存在' },
  EACCES: { en: 'permission denied', zh: '没有权限' },
};

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
