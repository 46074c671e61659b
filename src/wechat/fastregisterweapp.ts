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
    invitation: {
      en: 'Ask the legal person to open the message “创建小程序申请” (Mini Program creation application) of the Official Account “公众平台安全助手” in WeChat, and to finish the checks of ID card and face. WeChat sends it to the Weixin ID of this row; it takes minutes, sometimes more than ten. If none comes, follow that account, look there, and check the Weixin ID.',
      zh: '请法人在微信“公众平台安全助手”公众号中打开“创建小程序申请”消息，完成身份证校验和人脸识别。消息发送至所填的法人微信号，可能延迟几分钟到十几分钟；若未收到，请关注该公众号后查找，并核对微信号。',
    },
    unanswered: {
      en: "It is not sent again: the legal person may have got WeChat's message. Unless WeChat's push comes first, it is followed up at {time}.",
      zh: '法人可能已收到微信消息，因此不会重复提交；若届时仍未收到微信推送，将于 {time} 再次核查。',
    },
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
