/**
 * The permission sets that the registration API asks of a third-party platform, under the names of WeChat's own pages.
 * A change takes effect only after WeChat has approved the platform and it is published network-wide.
 */
import type { Words } from '../domain/words.js';

export interface PermissionSet extends Words {
  /** The other permission set is recommended: adding it later would need another review. */
  readonly required: boolean;
}

// biome-ignore format: one line, one permission set
export const PERMISSION_SETS: readonly PermissionSet[] = [
  { required: true, en: 'Account management', zh: '账号管理权限' },
  { required: true, en: 'Development management and data analysis', zh: '开发管理与数据分析权限' },
  { required: true, en: 'Open Platform account management', zh: '开放平台账号管理权限' },
  { required: true, en: 'Mini Program basic information setup', zh: '小程序基本信息设置权限' },
  { required: true, en: 'Mini Program verification', zh: '小程序认证权限' },
  { required: true, en: 'Plug-in management', zh: '插件管理权限' },
  { required: false, en: 'Nearby locations', zh: '附近地点权限' },
];

const REQUIRED = PERMISSION_SETS.filter(({ required }) => required);
const RECOMMENDED = PERMISSION_SETS.filter(({ required }) => !required);

/** `Required: …; recommended: ….` */
export const PERMISSION_SETS_BY_NAME: Words = {
  en: `Required: ${list(REQUIRED, 'en')}; recommended: ${list(RECOMMENDED, 'en')}.`,
  zh: `必填：${list(REQUIRED, 'zh')}；选填（建议勾选）：${list(RECOMMENDED, 'zh')}。`,
};

function list(sets: readonly PermissionSet[], language: keyof Words): string {
  return sets.map((set) => set[language]).join(language === 'zh' ? '、' : ', ');
}
