/** The Mini Programs that exist, and the codes that hand them over to the platform. */

import { randomHex } from './chance.js';
import { MINUTE_MS, SECOND_MS } from './timeline.js';

/** WeChat support says ten minutes; the code works once. */
export const AUTH_CODE_LIFE_MS = 10 * MINUTE_MS;
const AUTHORIZER_TOKEN_LIFE_S = 7_200;
const LONGEST_LIST = 500;

/** Created by this API; other numbers are other ways to be born. */
const REGISTER_TYPE = 6;
/** Permission sets: account, development, open platform, basic information, and the rest of the seven. */
const PERMISSION_SETS = [17, 18, 25, 30, 31, 40, 52];

interface Authorizer {
  readonly appid: string;
  readonly principalName: string;
  readonly registerType: number;
  /** Undefined: neither the list nor the information has one. */
  readonly shownToken: string | undefined;
  readonly refreshToken: string;
  readonly authorizedAtS: number;
  /** The merchant has withdrawn the authorisation: it is not reported any more. */
  readonly isWithdrawn: boolean;
}

export interface Account {
  readonly appid: string;
  readonly principalName: string;
  /** 6: created by a registration. */
  readonly registerType?: number;
  /** Its refresh token is given only for a code. */
  readonly hidesToken?: boolean;
}

export interface Authorizers {
  add(account: Account): void;
  /** Authorised anew, with another refresh token. Answers what it was before; undefined where there is no such account. */
  renew(appid: string): 'authorised' | 'withdrawn' | undefined;
  /** False if no authorisation is in force. */
  withdraw(appid: string): boolean;
  newCode(appid: string, dead: boolean): string;
  /** Undefined: unknown, late or used (61010). */
  exchange(code: unknown): Record<string, unknown> | undefined;
  list(offset: number, count: number): Record<string, unknown>;
  /** Undefined: not one of ours (61003). */
  info(appid: unknown): Record<string, unknown> | undefined;
  readonly counts: { codes: number; exchanged: number; refused: number };
}

export function startAuthorizers(now: () => number, random: () => number): Authorizers {
  const authorizers = new Map<string, Authorizer>();
  const codes = new Map<string, { appid: string; expiresAt: number }>();
  const counts = { codes: 0, exchanged: 0, refused: 0 };
  const funcInfo = PERMISSION_SETS.map((id) => ({ funcscope_category: { id } }));
  const newToken = () => `refreshtoken@@@${randomHex(random, 32)}`;
  const nowS = () => Math.floor(now() / SECOND_MS);

  function authorised(appid: string): Authorizer | undefined {
    const known = authorizers.get(appid);
    return known?.isWithdrawn ? undefined : known;
  }

  return {
    counts,
    add({ appid, principalName, registerType = REGISTER_TYPE, hidesToken = false }) {
      const refreshToken = newToken();
      const shownToken = hidesToken ? undefined : refreshToken;
      const authorizedAtS = nowS();
      const account = {
        appid,
        principalName,
        registerType,
        refreshToken,
        shownToken,
        authorizedAtS,
        isWithdrawn: false,
      };
      authorizers.set(appid, account);
    },
    renew(appid) {
      const known = authorizers.get(appid);
      if (!known) return undefined;
      const refreshToken = newToken();
      const renewed = { ...known, refreshToken, shownToken: refreshToken, authorizedAtS: nowS(), isWithdrawn: false };
      authorizers.set(appid, renewed);
      return known.isWithdrawn ? 'withdrawn' : 'authorised';
    },
    withdraw(appid) {
      const known = authorised(appid);
      if (known) authorizers.set(appid, { ...known, isWithdrawn: true });
      return known !== undefined;
    },
    newCode(appid, dead) {
      const code = `queryauthcode@@@${randomHex(random, 64)}`;
      codes.set(code, { appid, expiresAt: dead ? now() : now() + AUTH_CODE_LIFE_MS });
      counts.codes += 1;
      return code;
    },
    exchange(code) {
      const issued = codes.get(String(code));
      codes.delete(String(code));
      const authorizer = authorised(issued?.appid ?? '');
      if (!issued || !authorizer || now() >= issued.expiresAt) {
        counts.refused += 1;
        return undefined;
      }
      counts.exchanged += 1;
      return {
        authorization_info: {
          authorizer_appid: authorizer.appid,
          authorizer_access_token: `authorizer_${randomHex(random, 96)}`,
          expires_in: AUTHORIZER_TOKEN_LIFE_S,
          authorizer_refresh_token: authorizer.refreshToken,
          func_info: funcInfo,
        },
      };
    },
    list(offset, count) {
      const all = [...authorizers.values()].filter(({ isWithdrawn }) => !isWithdrawn);
      const page = all.slice(offset, offset + Math.min(count, LONGEST_LIST));
      return {
        total_count: all.length,
        list: page.map(({ appid, shownToken, authorizedAtS }) => ({
          authorizer_appid: appid,
          ...(shownToken && { refresh_token: shownToken }),
          auth_time: authorizedAtS,
        })),
      };
    },
    info(appid) {
      const authorizer = authorised(String(appid));
      if (!authorizer) return undefined;
      return {
        authorizer_info: {
          nick_name: '',
          service_type_info: { id: 0 },
          verify_type_info: { id: -1 },
          user_name: `gh_${authorizer.appid.slice(-12)}`,
          principal_name: authorizer.principalName,
          register_type: authorizer.registerType,
          account_status: 1,
          MiniProgramInfo: { network: {}, categories: [], visit_status: 0 },
        },
        authorization_info: {
          authorizer_appid: authorizer.appid,
          ...(authorizer.shownToken && { authorizer_refresh_token: authorizer.shownToken }),
          func_info: funcInfo,
        },
      };
    },
  };
}
