/** The registration API of the two seed documents: the legal person is asked by a template message. */
import { ALL_DETAILS, type Merchant } from '../domain/merchant.js';
import { answerToSearch } from './answers.js';
import type { Client } from './client.js';
import type { RegistrationApi } from './registration-api.js';

const PATH = '/cgi-bin/component/fastregisterweapp';

export function fastregisterweapp(client: Client): RegistrationApi {
  return {
    name: 'fastregisterweapp',
    path: PATH,
    invites: 'message',
    needs: { legalPerson: true, codeTypes: [1, 2, 3], phone: false },
    // The seeds: these identify a task, together with the code.
    details: ALL_DETAILS,
    // After that day correct calls were seen to get "-1 system error".
    retirement: { day: '2026-04-30', errcode: -1, problem: 'api:retired' },
    create: (merchant, token) =>
      client.post({
        path: PATH,
        query: { action: 'create', component_access_token: token },
        body: createBody(merchant),
      }),
    taskOf: () => ({}),
    canSearch: () => true,
    search: (merchant, _taskId, token) =>
      client.post({
        path: PATH,
        query: { action: 'search', component_access_token: token },
        body: searchBody(merchant),
      }),
    readSearch: ({ errcode, said }) => ({ problem: `search:${errcode}`, said, answer: answerToSearch(errcode) }),
    matchOf: ({ taskId, code }) => ({
      // Tasks of the successor go on, should the setting be changed back while they run.
      taskIds: taskId === undefined ? [] : [taskId],
      codes: code ? [code] : [],
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
