/** Settings that are each well-formed and wrong together: what has to be chosen, and what contradicts what. */
import { isWechat } from './domain/api-address.js';
import { addressesIn, ROBOTS, robotOf, secretsIn } from './domain/robot.js';
import type { Words } from './domain/words.js';
import { isHttpUrl, isRedisUrl, type Setting } from './settings.js';

export interface SettingFault {
  readonly name: string;
  /** What is wrong; never the value of a secret. */
  readonly problem: Words;
  readonly remedy: Words;
}

/**
 * Against WeChat's own API the choice decides which side writes to the legal person, and one of the two APIs is
 * offline.
 */
export function undecidedApi(given: Map<string, string>): SettingFault[] {
  if (!callsWechat(given) || given.has('WECHAT_REGISTRATION_API')) return [];
  return [
    {
      name: 'WECHAT_REGISTRATION_API',
      problem: { en: 'has to be chosen', zh: '须明确选择' },
      remedy: {
        en: [
          'set it to one of the two',
          "  fastregisterenterpriseweapp   today's API: needs name and code; you hand a link to each legal person, who has 24 hours",
          '  fastregisterweapp             the API before it: WeChat writes to the legal person; announced to go offline on 2026-04-30',
        ].join('\n'),
        zh: [
          '请设为以下之一',
          '  fastregisterenterpriseweapp   现行接口：只需名称和代码；由你们把链接转给每位法人，24 小时内有效',
          '  fastregisterweapp             旧接口：由微信给法人发消息；微信公告于 2026-04-30 下线',
        ].join('\n'),
      },
    },
  ];
}

/** Unset, it is WeChat's own. */
export function callsWechat(given: ReadonlyMap<string, string>): boolean {
  const baseUrl = given.get('WECHAT_API_BASE_URL');
  return baseUrl === undefined || isWechat(baseUrl);
}

export function contradictions(given: Map<string, string>): SettingFault[] {
  const faults: SettingFault[] = [];
  if (given.has('WECHAT_COMPONENT_ACCESS_TOKEN') && given.has('WECHAT_COMPONENT_ACCESS_TOKEN_URL')) {
    const problem = setBeside('WECHAT_COMPONENT_ACCESS_TOKEN_URL');
    faults.push({ name: 'WECHAT_COMPONENT_ACCESS_TOKEN', problem, remedy: KEEP_ONE });
  }
  const signed = signedWebhook(given);
  if (signed !== undefined && !given.has('FASTREGISTER_WEBHOOK_SECRET')) {
    const problem = { en: `is missing beside ${signed}`, zh: `未设置，而已设置 ${signed}` };
    const remedy = {
      en: 'set it to a long random text, and give the receiver the same',
      zh: '请设为较长的随机文本，并在接收方使用同一内容',
    };
    faults.push({ name: 'FASTREGISTER_WEBHOOK_SECRET', problem, remedy });
  }
  return [...faults, ...misplacedSecrets(given), ...wrongDatabase(given)];
}

/** What is posted there is signed with FASTREGISTER_WEBHOOK_SECRET; robots have secrets of their own. */
function signedWebhook(given: Map<string, string>): Setting['name'] | undefined {
  if (given.has('FASTREGISTER_CREATED_WEBHOOK')) return 'FASTREGISTER_CREATED_WEBHOOK';
  return notifyAddresses(given).some((address) => robotOf(address) === undefined)
    ? 'FASTREGISTER_NOTIFY_URL'
    : undefined;
}

function notifyAddresses(given: Map<string, string>): string[] {
  return addressesIn(given.get('FASTREGISTER_NOTIFY_URL') ?? '').filter(isHttpUrl);
}

/** A secret that belongs to no robot was written in another order, and its robot refuses every message. */
function misplacedSecrets(given: Map<string, string>): SettingFault[] {
  const addresses = notifyAddresses(given);
  const name = 'FASTREGISTER_NOTIFY_SECRET';
  const remedy = {
    en: 'write the secrets in the order of the addresses, and nothing between two commas for an address without one',
    zh: '请按地址的顺序填写密钥，没有密钥的地址在两个逗号之间留空',
  };
  return secretsIn(given.get(name) ?? '').flatMap((secret, at) => {
    if (secret === '') return [];
    const address = addresses[at];
    const robot = address === undefined ? undefined : robotOf(address);
    if (robot !== undefined && ROBOTS[robot].signs) return [];
    const what = whyNoSecret(address, robot);
    const problem = {
      en: `has a secret for address ${at + 1} of FASTREGISTER_NOTIFY_URL, which ${what.en}`,
      zh: `为 FASTREGISTER_NOTIFY_URL 的第 ${at + 1} 个地址填写了密钥，但${what.zh}`,
    };
    return [{ name, problem, remedy }];
  });
}

/** A name would be read as database 0, which has another ledger. It is not shown: it may be a part of the password. */
function wrongDatabase(given: Map<string, string>): SettingFault[] {
  const text = given.get('REDIS_URL') ?? '';
  if (!isRedisUrl(text)) return [];
  const { protocol, pathname, searchParams } = new URL(text);
  const path = protocol === 'unix:' ? '' : pathname.slice(1);
  const named = [...(path === '' ? [] : [path]), ...searchParams.getAll('db')];
  const name = 'REDIS_URL';
  if (!named.every((database) => /^\d{1,9}$/.test(database))) {
    const problem = { en: 'has a database that is no number', zh: '中的数据库不是编号' };
    const remedy = {
      en: 'write its number, such as redis://HOST:PORT/3, or nothing for database 0; a / of a password is written %2F',
      zh: '请填写数据库的编号，如 redis://主机:端口/3，不写则为 0；密码中的 / 写作 %2F',
    };
    return [{ name, problem, remedy }];
  }
  if (new Set(named.map(Number)).size < 2) return [];
  return [{ name, problem: { en: 'names two databases', zh: '中有两个数据库编号' }, remedy: KEEP_ONE }];
}

export const KEEP_ONE: Words = { en: 'keep one of the two', zh: '请只保留其中一项' };

export function setBeside(other: string): Words {
  return { en: `is set beside ${other}`, zh: `与 ${other} 同时设置` };
}

function whyNoSecret(address: string | undefined, robot: ReturnType<typeof robotOf>): Words {
  if (address === undefined) return { en: 'is not there', zh: '没有这个地址' };
  if (robot === undefined) return { en: 'is no group robot', zh: '它不是群机器人' };
  return { en: `is a ${ROBOTS[robot].en}, which takes none`, zh: `它是${ROBOTS[robot].zh}，不需要密钥` };
}
