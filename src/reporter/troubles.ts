/** What can be in a report's `problem` beside WeChat's codes and the sheet's: our own word, and what it calls for. */
import { type Actor, NOTHING_TO_DO, type Words } from '../domain/words.js';

export interface Trouble extends Words {
  readonly acts: Actor;
  readonly nextStep: Words;
}

const AUTHORISE_AGAIN: Words = {
  en: 'The Mini Program exists. Ask the merchant to authorise the platform once more.',
  zh: '小程序已创建，请商户重新授权第三方平台。',
};

export const TROUBLES: Readonly<Record<string, Trouble>> = {
  'call:lost': {
    acts: 'us',
    en: "The call may have arrived, but WeChat's answer did not come back. It is not sent again: that could spend a second try of the legal person.",
    zh: '请求可能已送达，但未收到微信的答复；为避免重复发起，不会再次提交。',
    nextStep: {
      en: "Nothing to do: WeChat's push or one search will tell.",
      zh: '无需操作，将以微信推送或一次查询的结果为准。',
    },
  },
  'call:not_sent': {
    acts: 'us',
    en: 'WeChat could not be reached; nothing was sent.',
    zh: '无法连接微信服务器，未提交。',
    nextStep: {
      en: 'Check the network and WECHAT_API_BASE_URL if it stays so.',
      zh: '若持续如此，请检查网络和 WECHAT_API_BASE_URL。',
    },
  },
  'call:pause': {
    acts: 'us',
    en: 'WeChat wants to be left alone for a minute, or could not be reached.',
    zh: '微信要求稍候，或暂时无法连接。',
    nextStep: NOTHING_TO_DO,
  },
  'token:no_ticket': {
    acts: 'platform',
    en: 'There is no component_verify_ticket: WeChat pushes one every ten minutes to the authorisation event URL, and none has come here.',
    zh: '尚未收到 component_verify_ticket：微信每十分钟向“授权事件接收 URL”推送一次，但尚未到达本系统。',
    nextStep: {
      en: "Check that the platform's authorisation event URL leads to this receiver (through its proxy), and that WECHAT_MESSAGE_TOKEN and WECHAT_ENCODING_AES_KEY are those of the platform; `fastregister doctor` tells more.",
      zh: '请检查第三方平台的“授权事件接收 URL”是否指向本接收服务，以及 WECHAT_MESSAGE_TOKEN、WECHAT_ENCODING_AES_KEY 是否正确；可运行 `fastregister doctor` 查看详情。',
    },
  },
  'token:refused': {
    acts: 'platform',
    en: 'WeChat refused three new component access tokens in a row, before any call succeeded.',
    zh: '微信连续三次拒绝新的 component_access_token。',
    nextStep: {
      en: 'Find out whether another service refreshes the token of this platform (then let both take it from there: WECHAT_COMPONENT_ACCESS_TOKEN_URL), or whether a fixed WECHAT_COMPONENT_ACCESS_TOKEN has expired; then run `fastregister resume`.',
      zh: '请检查是否有其他服务在刷新该平台的 token（如有，请统一由 WECHAT_COMPONENT_ACCESS_TOKEN_URL 获取），或固定的 WECHAT_COMPONENT_ACCESS_TOKEN 是否已过期；处理后运行 `fastregister resume`。',
    },
  },
  'token:service': {
    acts: 'platform',
    en: "The platform's own token service answers, but without a token.",
    zh: '平台自有的 token 服务有应答，但其中没有 token。',
    nextStep: {
      en: 'Check WECHAT_COMPONENT_ACCESS_TOKEN_URL: its answer has to be {"component_access_token": …, "expires_in": …}; then run `fastregister resume`.',
      zh: '请检查 WECHAT_COMPONENT_ACCESS_TOKEN_URL，其应答应为 {"component_access_token": …, "expires_in": …}；然后运行 `fastregister resume`。',
    },
  },
  'token:service_away': {
    acts: 'platform',
    en: "The platform's own token service cannot be reached, or is busy.",
    zh: '无法连接平台自有的 token 服务，或该服务繁忙。',
    nextStep: {
      en: 'Check that service, the network and WECHAT_COMPONENT_ACCESS_TOKEN_URL if it stays so.',
      zh: '若持续如此，请检查该服务、网络和 WECHAT_COMPONENT_ACCESS_TOKEN_URL。',
    },
  },
  'batch:canaries': {
    acts: 'us',
    en: 'The first rows of a batch were refused, so the rest of it was not sent.',
    zh: '批次的首批行被拒绝，其余行未提交。',
    nextStep: {
      en: 'Look at them in the report: is the sheet right? Then run `fastregister resume`.',
      zh: '请在报告中查看这些行，确认表格无误后运行 `fastregister resume`。',
    },
  },
  'quota:day': {
    acts: 'us',
    en: "The day's calls are used up, or WeChat says so.",
    zh: '今日调用额度已用完，或微信提示已用完。',
    nextStep: NOTHING_TO_DO,
  },
  'quota:hours': {
    acts: 'us',
    en: 'It is outside the sending hours (FASTREGISTER_SENDING_HOURS).',
    zh: '当前不在提交时段内（FASTREGISTER_SENDING_HOURS）。',
    nextStep: NOTHING_TO_DO,
  },
  'sheet:duplicate': {
    acts: 'nobody',
    en: 'An earlier row of the same file names the same merchant, who is registered once.',
    zh: '与同一文件中的前面某行为同一商户，只注册一次。',
    nextStep: { en: 'See the line that the reason names.', zh: '请见原因中所指的行。' },
  },
  'sheet:duplicate_differs': {
    acts: 'us',
    en: 'An earlier row of the same file names the same enterprise with other details. Only the earlier one is sent.',
    zh: '同一文件中前面某行以不同的信息填写了同一企业，只提交前面的一行。',
    nextStep: {
      en: 'Look at both lines. If the later one is right, delete the earlier one and load the sheet again.',
      zh: '请核对两行；如应以后面的为准，请删除前面的一行后重新上传。',
    },
  },
  'row:replaced': {
    acts: 'nobody',
    en: 'A newer row names the same enterprise with other details, before this one was sent. Only the newer one is sent.',
    zh: '本行提交前，较新的一行以不同的信息填写了同一企业，只提交较新的一行。',
    nextStep: { en: 'See the row that the reason names.', zh: '请见原因中所指的行。' },
  },
  'row:waits': {
    acts: 'us',
    en: 'Another row was sent for the same enterprise with other details. This one is sent if that fails.',
    zh: '另一行已以不同的信息提交了同一企业；若其失败，将自动提交本行。',
    nextStep: NOTHING_TO_DO,
  },
  'push:overdue': {
    acts: 'us',
    en: 'WeChat took the task, or may have taken it, and then told nothing: no push came, and search does not say how it ended.',
    zh: '微信已受理或可能已受理，但既未推送结果，查询也无结论。',
    nextStep: {
      en: 'Ask the merchant whether the Mini Program exists. If not, retry the row.',
      zh: '请向商户确认小程序是否已创建；若没有，请重新提交。',
    },
  },
  'push:no_appid': {
    acts: 'us',
    en: "WeChat pushed success without the Mini Program's appid.",
    zh: '微信推送成功，但没有小程序 appid。',
    nextStep: {
      en: "Look the Mini Program up in the platform's list of authorised accounts.",
      zh: '请在第三方平台的授权账号列表中查找该小程序。',
    },
  },
  'push:no_auth_code': {
    acts: 'merchant',
    en: 'WeChat pushed success without an authorization code, so the platform cannot act for the Mini Program yet.',
    zh: '微信推送成功，但没有授权码，第三方平台暂时无法代其操作。',
    nextStep: AUTHORISE_AGAIN,
  },
  'authorize:61010': {
    acts: 'merchant',
    en: 'The authorization code had expired or was used when it was exchanged.',
    zh: '授权码已过期或已使用，未能换取授权。',
    nextStep: AUTHORISE_AGAIN,
  },
  'authorize:too_late': {
    acts: 'merchant',
    en: 'The authorization code could not be exchanged in the ten minutes that it lives.',
    zh: '授权码未能在十分钟内换取授权。',
    nextStep: AUTHORISE_AGAIN,
  },
  'link:ending': {
    acts: 'legal_person',
    en: 'The link for the legal person ends in less than three hours, and it is not confirmed yet.',
    zh: '法人的确认链接将在三小时内失效，法人尚未完成确认。',
    nextStep: {
      en: 'Remind the legal person now: the link has to be opened in WeChat and everything finished before it ends. After that it has to be sent again.',
      zh: '请立即提醒法人在链接失效前于微信中打开并完成全部验证；失效后需重新提交。',
    },
  },
  'link:ended': {
    acts: 'us',
    en: 'The 24 hours of the link for the legal person are over; WeChat has not told yet how it ended.',
    zh: '法人的确认链接已满 24 小时失效，微信尚未告知结果。',
    nextStep: {
      en: "Nothing to do: WeChat's push or one query will tell. After that it can be sent again, with a new link.",
      zh: '无需操作，将以微信推送或一次查询的结果为准；之后可重新提交并获得新链接。',
    },
  },
  'api:retired': {
    acts: 'us',
    en: 'Every create of today was answered with -1. WeChat took fastregisterweapp offline on 2026-04-30; its successor is fastregisterenterpriseweapp, where each legal person opens a link instead of a message.',
    zh: '今日所有提交均返回 -1。微信已于 2026-04-30 下线 fastregisterweapp，替代接口为 fastregisterenterpriseweapp，由法人打开链接（而非消息）完成确认。',
    nextStep: {
      en: 'Set WECHAT_REGISTRATION_API=fastregisterenterpriseweapp, start fastregister again, then run `fastregister resume`. No row is lost; those without a Unified Social Credit Code become invalid.',
      zh: '请设置 WECHAT_REGISTRATION_API=fastregisterenterpriseweapp，重启后运行 `fastregister resume`。所有行均保留；没有统一社会信用代码的行将标记为无效。',
    },
  },
};
