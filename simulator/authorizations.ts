/** What merchants do to the authorisation of their accounts, and what WeChat pushes about it. */

import { AUTH_CODE_LIFE_MS, type Authorizers } from './authorizers.js';
import { randomHex } from './chance.js';
import { authorizationMessage, withdrawalMessage } from './messages.js';
import type { Settings } from './options.js';
import type { Push, Pushes } from './pushes.js';
import { SECOND_MS } from './timeline.js';

export interface Authorizations {
  /** The push about a new code; a dead one cannot be exchanged. */
  push(infoType: 'authorized' | 'updateauthorized', appid: string, isDead: boolean): Push;
  /** The merchant authorises the platform again, or changes the permission sets. False where there is no such account. */
  renew(appid: string): boolean;
  /** False where the account has not authorised the platform. */
  withdraw(appid: string): boolean;
  /** An account that no registration of ours created authorises the platform; answers its appid. */
  authorizeAccount(principalName: string, registerType: number): string;
}

export function startAuthorizations(
  settings: Settings,
  random: () => number,
  pushes: Pushes,
  authorizers: Authorizers,
): Authorizations {
  const head = () => ({ componentAppid: settings.componentAppid, createTimeS: pushes.createTimeS() });

  function push(infoType: 'authorized' | 'updateauthorized', appid: string, isDead: boolean): Push {
    const expiresAtS = pushes.createTimeS() + AUTH_CODE_LIFE_MS / SECOND_MS;
    const code = authorizers.newCode(appid, isDead);
    return { infoType, message: authorizationMessage(head(), infoType, appid, code, expiresAtS) };
  }

  return {
    push,
    renew(appid) {
      const before = authorizers.renew(appid);
      if (!before) return false;
      void pushes.send(push(before === 'withdrawn' ? 'authorized' : 'updateauthorized', appid, false));
      return true;
    },
    withdraw(appid) {
      if (!authorizers.withdraw(appid)) return false;
      void pushes.send({ infoType: 'unauthorized', message: withdrawalMessage(head(), appid) });
      return true;
    },
    authorizeAccount(principalName, registerType) {
      const appid = `wx${randomHex(random, 16)}`;
      authorizers.add({ appid, principalName, registerType });
      void pushes.send(push('authorized', appid, false));
      return appid;
    },
  };
}
