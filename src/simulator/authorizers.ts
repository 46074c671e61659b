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
  readonly refreshToken: string;
  readonly authorizedAtS: number;
}

export interface Authorizers {
  add(appid: string, principalName: string): void;
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
  return {
    counts,
    add(appid, principalName) {
      const refreshToken = `refreshtoken@@@${randomHex(random, 32)}`;
      const authorizedAtS = Math.floor(now() / SECOND_MS);
      authorizers.set(appid, { appid, principalName, refreshToken, authorizedAtS });
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
      const authorizer = authorizers.get(issued?.appid ?? '');
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
      const page = [...authorizers.values()].slice(offset, offset + Math.min(count, LONGEST_LIST));
      return {
        total_count: authorizers.size,
        list: page.map(({ appid, refreshToken, authorizedAtS }) => ({
          authorizer_appid: appid,
          refresh_token: refreshToken,
          auth_time: authorizedAtS,
        })),
      };
    },
    info(appid) {
      const authorizer = authorizers.get(String(appid));
      if (!authorizer) return undefined;
      return {
        authorizer_info: {
          nick_name: '',
          service_type_info: { id: 0 },
          verify_type_info: { id: -1 },
          user_name: `gh_${authorizer.appid.slice(-12)}`,
          principal_name: authorizer.principalName,
          register_type: REGISTER_TYPE,
          account_status: 1,
          MiniProgramInfo: { network: {}, categories: [], visit_status: 0 },
        },
        authorization_info: {
          authorizer_appid: authorizer.appid,
          authorizer_refresh_token: authorizer.refreshToken,
          func_info: funcInfo,
        },
      };
    },
  };
}
