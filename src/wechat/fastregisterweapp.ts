/** The registration API of the two seed documents: the legal person is asked by a template message. */
import type { Merchant } from '../domain/merchant.js';
import type { Client } from './client.js';
import type { RegistrationApi } from './registration-api.js';

const PATH = '/cgi-bin/component/fastregisterweapp';

export function fastregisterweapp(client: Client): RegistrationApi {
  return {
    name: 'fastregisterweapp',
    path: PATH,
    needs: { legalPerson: true, codeTypes: [1, 2, 3], phone: false },
    identity: ['name', 'code', 'legalPersonaWechat', 'legalPersonaName'],
    create: (merchant, token) =>
      client.post({
        path: PATH,
        query: { action: 'create', component_access_token: token },
        body: createBody(merchant),
      }),
    taskOf: () => ({}),
    search: (merchant, _taskId, token) =>
      client.post({
        path: PATH,
        query: { action: 'search', component_access_token: token },
        body: searchBody(merchant),
      }),
  };
}

function createBody(merchant: Merchant): Record<string, unknown> {
  return {
    name: merchant.name,
    code: merchant.code,
    code_type: merchant.codeType,
    legal_persona_wechat: merchant.legalPersonaWechat,
    legal_persona_name: merchant.legalPersonaName,
    component_phone: merchant.componentPhone,
  };
}

function searchBody(merchant: Merchant): Record<string, unknown> {
  return {
    name: merchant.name,
    legal_persona_wechat: merchant.legalPersonaWechat,
    legal_persona_name: merchant.legalPersonaName,
  };
}
