/** What client.ts writes down of a call without an answer of WeChat's, and worker/quota.ts of an answer to quota/get, in the reader's language: it is not WeChat's to quote. */
import { same, type Words } from '../domain/words.js';

const LACKS: Readonly<Record<string, string>> = {
  'and no JSON': '内容不是 JSON',
  'and no JSON object': '内容不是 JSON 对象',
  'without an errcode': '内容中没有 errcode',
};

const PATTERNS: readonly (readonly [en: RegExp, zh: (...found: string[]) => string])[] = [
  [/^no answer in time$/, () => '超时未应答'],
  [/^the answer is longer than 1 MiB$/, () => '应答超过 1 MiB'],
  [
    /^HTTP (\d+)(?: to (\S+))? (and no JSON object|and no JSON|without an errcode)(?: \((.+)\))?$/,
    (_, status = '', host = '', lacks = '', type = '') =>
      [`HTTP ${status}`, host && `转向 ${host}`, `${LACKS[lacks]}${type && `（${type}）`}`].filter(Boolean).join('，'),
  ],
  [
    /^quota\/get: (\d+) of (\d+) used, (\d+) left$/,
    (_, used = '', limit = '', left = '') => `quota/get：共 ${limit} 次，已用 ${used} 次，剩余 ${left} 次`,
  ],
  [/^quota\/get: (HTTP .*|no answer in time)$/, (_, why = '') => `quota/get：${ownWords(why)?.zh ?? why}`],
  // Of Node.js and undici; what follows the code says the same once more, in English.
  [/^(E[A-Z_]{3,}|UND_ERR_\w+|HPE_\w+|ERR_\w+|[A-Z_]*CERT[A-Z_]*): /, (_, code = '') => `连接失败（${code}）`],
];

/** Undefined where `said` is WeChat's own. */
export function ownWords(said: string): Words | undefined {
  for (const [pattern, zh] of PATTERNS) {
    const found = pattern.exec(said);
    if (found !== null) return { en: said, zh: zh(...found) };
  }
  return undefined;
}

/** Either, in both languages. */
export function inWords(said: string): Words {
  return ownWords(said) ?? same(said);
}
