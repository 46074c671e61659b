/** Which of WeChat's registration APIs is used, and what it asks of a row. */

import type { IdentifyInLedger } from '../../domain/merchant.js';
import type { Rules } from '../../producer/checked-page.js';
import type { Settings } from '../../settings.js';
import type { Client } from '../../wechat/client.js';
import { fastregisterenterpriseweapp } from '../../wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../wechat/fastregisterweapp.js';
import type { RegistrationApi } from '../../wechat/registration-api.js';

/** What the registration API in use requires of a row, and how its enterprise is known in this ledger. */
export function rulesOf(settings: Settings, acceptWarnings: boolean, identify: IdentifyInLedger): Rules {
  const { needs, details } = registrationApi(settings, NO_CLIENT);
  return { needs: { ...needs, defaultPhone: settings.componentPhone }, details, identify, acceptWarnings };
}

/** Rules are asked for without calling anybody. */
export const NO_CLIENT: Client = {
  post: async () => ({ kind: 'not_sent', why: 'no call is made here' }),
  clockAheadMs: () => 0,
  close: async () => {},
};

const REGISTRATION_APIS: Readonly<Record<Settings['wechatRegistrationApi'], (client: Client) => RegistrationApi>> = {
  fastregisterweapp,
  fastregisterenterpriseweapp,
};

export function registrationApi(settings: Settings, client: Client): RegistrationApi {
  return REGISTRATION_APIS[settings.wechatRegistrationApi](client);
}
