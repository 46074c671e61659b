/** The settings in effect, and where each comes from. A secret is never shown. */

import { shownAddress } from '../domain/robot.js';
import { same, type Words } from '../domain/words.js';
import { SETTINGS_BY_SECTION, type SettingRow, type SettingSource, type Settings } from '../settings.js';

export interface ShownSetting {
  readonly name: string;
  /** As it is written in the environment; undefined of a secret, and where nothing is set. */
  readonly value: string | undefined;
  readonly source: SettingSource | 'default' | 'unset';
  /** In the file that NAME_FILE names. */
  readonly inFile: boolean;
  readonly isSecret: boolean;
  readonly sentence: Words;
}

export interface ShownSection {
  readonly section: Words;
  readonly settings: readonly ShownSetting[];
}

export function settingsInEffect(settings: Pick<Settings, 'given' | 'home' | 'lang'>): ShownSection[] {
  return Object.entries(SETTINGS_BY_SECTION).map(([section, rows]) => ({
    section: SECTION_WORDS[section] ?? same(section),
    settings: rows.map((row) => shown(row, settings)),
  }));
}

function shown(row: SettingRow, { given, home, lang }: Pick<Settings, 'given' | 'home' | 'lang'>): ShownSetting {
  const { name, sentence } = row;
  const isSecret = row.secret === true;
  const about = { name, isSecret, sentence };
  const set = given[name];
  if (set !== undefined) return { ...about, value: shownValue(row, set.text), source: set.source, inFile: set.inFile };
  // What these are where nothing is set is found out when the settings are read.
  const found: Readonly<Record<string, string>> = { FASTREGISTER_HOME: home, FASTREGISTER_LANG: lang };
  const value = found[name] ?? row.default;
  return { ...about, value, source: value === undefined ? 'unset' : 'default', inFile: false };
}

/** An address may name a user and a password. */
function shownValue({ kind }: SettingRow, text: string | undefined): string | undefined {
  return text !== undefined && (kind === 'target' || kind === 'url') ? shownAddress(text) : text;
}

/** The titles of the sections, in the console and in the documents. */
export const SECTION_WORDS: Readonly<Record<string, Words>> = {
  'The WeChat third-party platform': { en: 'The WeChat third-party platform', zh: '微信第三方平台' },
  Data: { en: 'Data', zh: '数据' },
  Budgets: { en: 'Budgets', zh: '额度与频率' },
  'Receiver and console': { en: 'Receiver and console', zh: '接收服务和控制台' },
  Waits: { en: 'Waits', zh: '等待时间' },
};

export const SOURCE_WORDS = {
  flag: { en: 'flag', zh: '命令行参数' },
  environment: { en: 'environment', zh: '环境变量' },
  dotenv: { en: '.env', zh: '.env' },
  default: { en: 'default', zh: '默认值' },
  unset: { en: 'not set', zh: '未设置' },
} as const satisfies Record<ShownSetting['source'], Words>;
