/** What a call is answered with, and the words that WeChat puts beside a code. */

import { randomHex } from './chance.js';
import type { Answering } from './fates.js';

export interface Answer {
  readonly errcode: number;
  /** The errmsg, where the code alone does not choose it. */
  readonly says?: string;
  /** Further fields of the JSON. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Some calls of the token family answer success without errcode and errmsg. */
  readonly bare?: boolean;
}

/** An answer and, when something befalls it on the wire, what. */
export interface Reply {
  readonly answer: Answer;
  readonly wire?: Answering | undefined;
}

/** Seen wordings; one code has several, and none can be relied on. */
const WORDS: Readonly<Record<number, readonly string[]>> = {
  [-1]: ['system error', 'System error', 'system error, please try again later'],
  0: ['ok', 'OK'],
  40001: [
    'invalid credential, access_token is invalid or not latest',
    'invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken',
  ],
  40013: ['invalid appid', 'Invalid appid'],
  40014: ['invalid access_token', 'Invalid access_token'],
  40125: ['invalid appsecret', 'Invalid appsecret, view more at https://mmbizurl.cn/s/rehearsal'],
  41001: ['access_token missing', 'component_access_token missing'],
  41004: ['appsecret missing'],
  42001: ['access_token expired', 'component access token expired'],
  43002: ['require POST method'],
  44002: ['empty post data', 'Empty post data'],
  45009: ['reach max api daily quota limit', 'Reach Max API Daily Quota Limit'],
  45011: ['api minute-quota reach limit, must slower, retry next minute', 'API minute-quota reach limit'],
  47001: ['data format error', 'data format error, please check your json'],
  48006: ['forbid to clear quota because of reaching the limit'],
  61003: ['component is not authorized by this account'],
  61004: ['access clientip is not registered', 'access clientip is not registered, not in ip whitelist'],
  61005: ['component ticket is expired'],
  61006: ['component ticket is invalid'],
  61010: ['code is expired'],
  61070: ['name, wechat name not in accordance', 'legal person name, wechat name not in accordance'],
  76021: ['cgi_path not found, please check'],
  86004: ['invalid wechat', 'Invalid wechat'],
  86022: ['check enterprise name and code', 'enterprise name or code error'],
  86030: ['lack of some params', 'missing parameter'],
  89247: ['inner error', 'Inner error', 'inner error, please retry after some while'],
  89248: ['invalid code type', 'Invalid code type'],
  89249: ['task running', 'Task running'],
  89250: ['task not found', 'Task not found'],
  89251: ['legal person checking', 'Legal person checking'],
  89252: ['front checking', 'Front checking'],
  89253: ['lack of some params', 'Lack of some params'],
  89254: ['lack of some component rights', 'lack of some component authorize rights'],
  91030: ['the wechat id has reached its limit today', 'fast register daily limit'],
};

/** About every third refusal carries a hint as well. */
const HINT_PROBABILITY = 1 / 3;

export function jsonOf({ errcode, says, body, bare }: Answer, random: () => number): string {
  return JSON.stringify(bare ? body : { errcode, errmsg: errmsgOf(errcode, says, random), ...body });
}

function errmsgOf(errcode: number, says: string | undefined, random: () => number): string {
  const wordings = WORDS[errcode] ?? [`unknown error ${errcode}`];
  const words = says ?? wordings[Math.floor(random() * wordings.length)];
  if (errcode === 0) return `${words}`;
  const hint = random() < HINT_PROBABILITY ? ` hint: [${randomHex(random, 14)}]` : '';
  return `${words}${hint} rid: ${randomHex(random, 8)}-${randomHex(random, 8)}-${randomHex(random, 8)}`;
}
