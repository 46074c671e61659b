/** What can be in a report's `problem` beside WeChat's codes and the sheet's: our own word, and what it calls for. */
import { CREATED_FROM_ANOTHER_ROW, CREATED_WITH_OTHER_DETAILS, SECOND_MINI_PROGRAM } from '../domain/registration.js';
import { DIFFERING_DUPLICATE, DUPLICATE, REPLACED, WAITING } from '../domain/row.js';
import { type Actor, joined, NOTHING_TO_DO, type Words } from '../domain/words.js';

export interface Trouble extends Words {
  readonly acts: Actor;
  readonly nextStep: Words;
}

/** What the merchant does about an authorisation, and where; each of these makes WeChat push a new code. */
const AUTHORISE_AGAIN: Words = {
  en: "The Mini Program exists. Ask its administrator to log in to mp.weixin.qq.com and to change the platform's authorisation under 设置 → 第三方设置 → 第三方平台授权管理 (add or remove one permission set), or to authorise the platform once more on the platform's authorisation page. WeChat then pushes a new code, which is exchanged at once, and this row changes by itself.",
  zh: '小程序已创建。请商户的小程序管理员登录小程序后台 mp.weixin.qq.com，在“设置 → 第三方设置 → 第三方平台授权管理”中更新对本平台的授权（增加或取消一个权限集），或在本平台的授权页重新授权。微信随后会推送新的授权码，系统会立即换取，本行会自动更新。',
};

const AUTHORISE_AFTER_WITHDRAWAL: Words = {
  en: "The Mini Program exists and stays the merchant's. Ask the merchant whether the withdrawal was meant. If not, its administrator authorises the platform once more on the platform's authorisation page (what is authorised is listed on mp.weixin.qq.com under 设置 → 第三方设置 → 第三方平台授权管理); the new code is exchanged at once, and this row changes by itself.",
  zh: '小程序仍然存在，归商户所有。请与商户确认是否有意取消授权。如非有意，请小程序管理员在本平台的授权页重新授权（可在小程序后台 mp.weixin.qq.com 的“设置 → 第三方设置 → 第三方平台授权管理”中查看授权情况）；系统会立即换取新的授权码，本行会自动更新。',
};

const ASK_WHETHER_IT_IS_RIGHT: Words = {
  en: 'Ask the merchant whether it is the right one. If the legal person is still asked to confirm for this row, that must not be done any more: it would make a second Mini Program.',
  zh: '请与商户确认该小程序是否正确。若法人仍收到本行的确认请求，请勿再确认，否则会创建第二个小程序。',
};

/** Before a row whose outcome is not known is sent again: merchants do not always know, and a second create may make a second one. */
export const LOOK_FOR_THE_MINI_PROGRAM: Words = {
  en: "`fastregister reconcile` looks for the Mini Program in WeChat's list of accounts. If it is not there, ask the merchant whether it exists.",
  zh: '请先运行 `fastregister reconcile`，在微信的授权账号列表中按商户名称查找小程序；若未查到，请向商户确认是否已创建。',
};

export const INTERNAL_PROBLEMS: Readonly<Record<string, Trouble>> = {
  'call:lost': {
    acts: 'us',
    en: "The call may have arrived, but WeChat's answer did not come back. It is not sent again while its task may run: that could spend a second try of the legal person.",
    zh: '请求可能已送达，但未收到微信的答复。任务可能仍在执行，在此期间不会再次提交，以免多占用法人的一次机会。',
    nextStep: {
      en: "Nothing to do: unless WeChat's push comes first, fastregister asks WeChat; where nobody can have received a link, it sends it again when the task is over.",
      zh: '无需操作：若未收到微信推送，系统会自行查询；如链接未曾送达任何人，则在任务结束后自动重新提交。',
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
  'call:permit_expired': {
    acts: 'us',
    en: 'This machine or Redis stood still between the permission to call and the call; nothing was sent.',
    zh: '取得调用许可后本机或 Redis 曾停顿，许可已过期，未提交。',
    nextStep: NOTHING_TO_DO,
  },
  'call:not_confirmed': {
    acts: 'us',
    en: 'Neither a replica of Redis nor its disk had the call in time (FASTREGISTER_REDIS_WAIT); nothing was sent.',
    zh: 'Redis 副本或磁盘未在时限内确认（FASTREGISTER_REDIS_WAIT），未提交。',
    nextStep: {
      en: 'Check the replica of Redis and its connection.',
      zh: '请检查 Redis 副本及其连接。',
    },
  },
  'call:no_journal': {
    acts: 'us',
    en: 'The journal under FASTREGISTER_HOME cannot be written on that machine; nothing was sent from there.',
    zh: '该机器无法写入 FASTREGISTER_HOME 下的日志文件，未从该机器提交。',
    nextStep: {
      en: 'Make room on that disk, or let this user write there; the worker then goes on by itself.',
      zh: '请清理该机器的磁盘空间或开放写入权限；之后工作进程会自动继续。',
    },
  },
  'ledger:other_key': {
    acts: 'us',
    en: 'Redis was emptied, and its ledger was made anew with another key than that of the journals. What they have of the last day is about no merchant of this ledger, so a merchant that is loaded again could be sent a second time.',
    zh: 'Redis 曾被清空，重建的登记簿与本地日志所用的密钥不同：日志中最近一天的记录无法对应到商户，重新导入的商户可能被重复提交。',
    nextStep: {
      en: 'Empty this Redis again, start a process with the FASTREGISTER_HOME that was used before (it gives the ledger its key back), and load the sheets again. `fastregister resume` sends what is loaded now; then restart every process, and load no sheet of the last day.',
      zh: '请再次清空此 Redis，先启动使用原 FASTREGISTER_HOME 的进程（由它恢复登记簿的密钥），再重新导入表格。若直接运行 `fastregister resume`，将提交现已导入的内容；此时请重启所有进程，且不要再导入最近一天的表格。',
    },
  },
  'call:wrong_clock': {
    acts: 'us',
    en: 'The clock of that machine and the clock of Redis are more than ten minutes apart. Facts are dated by the one, and waits measured by the other, so nothing was sent from there.',
    zh: '该机器的时钟与 Redis 的时钟相差超过十分钟。事件时间取自前者，等待以后者计算，因此未从该机器提交。',
    nextStep: {
      en: 'Let that machine, and the one of Redis, take their time from the network (timedatectl set-ntp true); the worker then goes on by itself. `fastregister doctor` on that machine says which clock is wrong.',
      zh: '请让该机器和 Redis 所在的机器与网络时间同步（timedatectl set-ntp true）；之后工作进程会自动继续。在该机器上运行 `fastregister doctor` 可查看是哪个时钟不准。',
    },
  },
  'push:other_key': {
    acts: 'us',
    en: 'It has another WECHAT_MESSAGE_TOKEN or WECHAT_ENCODING_AES_KEY than the receiver that took a push, and cannot open it. A receiver that can records it within minutes.',
    zh: '其 WECHAT_MESSAGE_TOKEN 或 WECHAT_ENCODING_AES_KEY 与收到推送的接收服务不同，无法解密；持有对应密钥的接收服务会在数分钟内处理。',
    nextStep: {
      en: 'Set the same values for every receiver, the earlier ones in …_PREVIOUS, and restart it.',
      zh: '请为所有接收服务设置相同的值（旧值填入 …_PREVIOUS），然后重启该服务。',
    },
  },
  'call:page': {
    acts: 'us',
    en: 'A page came back instead of an answer of WeChat: from a proxy, a firewall, the login page of a network, or another server.',
    zh: '返回的不是微信的答复，而是网页：可能来自代理、防火墙、网络登录页或其他服务器。',
    nextStep: {
      en: 'Check the proxy and the firewall between this machine and WeChat, and WECHAT_API_BASE_URL; if only this row meets it, look for what a filter may dislike in its name. Then retry the row if it does not go on by itself.',
      zh: '请检查本机与微信之间的代理和防火墙，以及 WECHAT_API_BASE_URL；若仅此行如此，请检查其名称是否触发了过滤规则。若未自动继续，请重新提交该行。',
    },
  },
  'call:pause': {
    acts: 'us',
    en: 'WeChat is rate-limiting us, or could not be reached; retrying in a minute.',
    zh: '微信要求稍候，或暂时无法连接。',
    nextStep: NOTHING_TO_DO,
  },
  'token:no_ticket': {
    acts: 'platform',
    en: 'There is no component_verify_ticket: WeChat pushes one every ten minutes to the authorisation event URL, and none has come here.',
    zh: '尚未收到 component_verify_ticket：微信每十分钟向“授权事件接收 URL”推送一次，但尚未到达本系统。',
    nextStep: {
      en: "Check that the platform's authorisation event URL leads to this receiver (through its proxy), and that WECHAT_MESSAGE_TOKEN and WECHAT_ENCODING_AES_KEY are those of the platform; `fastregister doctor` says more.",
      zh: '请检查第三方平台的“授权事件接收 URL”是否指向本接收服务，以及 WECHAT_MESSAGE_TOKEN、WECHAT_ENCODING_AES_KEY 是否正确；可运行 `fastregister doctor` 查看详情。',
    },
  },
  'token:45009': {
    acts: 'platform',
    en: "WeChat issues no component access token, because the platform's calls of api_component_token are used up for today. A token lives two hours, so something fetches tokens far too often: as a rule a second service of the platform.",
    zh: '微信未发放 component_access_token：该平台今日调用 api_component_token 的次数已用完。令牌有效期为两小时，说明有程序过于频繁地获取令牌，通常是平台的另一个服务。',
    nextStep: {
      en: 'Find out what else fetches tokens of this platform, and let both take the token from there (WECHAT_COMPONENT_ACCESS_TOKEN_URL). WeChat counts anew at midnight in Beijing; it is asked again every FASTREGISTER_TOKEN_RETRY, and at once by `fastregister resume`.',
      zh: '请检查该平台是否有其他服务也在获取令牌，并统一由 WECHAT_COMPONENT_ACCESS_TOKEN_URL 获取。次数在北京时间零点恢复；系统每隔 FASTREGISTER_TOKEN_RETRY 重试一次，也可运行 `fastregister resume` 立即重试。',
    },
  },
  'token:45011': {
    acts: 'us',
    en: 'WeChat issues no component access token at the moment, because api_component_token is called too often in a minute.',
    zh: '微信暂未发放 component_access_token：api_component_token 调用过于频繁（每分钟限制）。',
    nextStep: NOTHING_TO_DO,
  },
  'token:40001': {
    acts: 'platform',
    en: "WeChat issues no component access token: it does not accept the platform's credentials (AppID, AppSecret, verify ticket).",
    zh: '微信未发放 component_access_token：平台凭证（AppID、AppSecret 或 component_verify_ticket）无效。',
    nextStep: {
      en: 'Check WECHAT_COMPONENT_APPID and WECHAT_COMPONENT_APPSECRET against open.weixin.qq.com (was the secret reset there?), and that the pushes that arrive here are those of this platform; then start fastregister again. WeChat is asked again every FASTREGISTER_TOKEN_RETRY, and at once by `fastregister resume`.',
      zh: '请核对 WECHAT_COMPONENT_APPID 与 WECHAT_COMPONENT_APPSECRET 是否与微信开放平台一致（是否重置过 AppSecret），并确认本系统收到的推送属于该平台；更正后重启 fastregister。系统每隔 FASTREGISTER_TOKEN_RETRY 重试一次，也可运行 `fastregister resume` 立即重试。',
    },
  },
  'token:-1': {
    acts: 'us',
    en: 'WeChat issues no component access token at the moment: it is busy.',
    zh: '微信系统繁忙，暂未发放 component_access_token。',
    nextStep: NOTHING_TO_DO,
  },
  'token:unknown': {
    acts: 'platform',
    en: 'WeChat issues no component access token, with a code that is not known here.',
    zh: '微信未发放 component_access_token，返回了未知的错误码。',
    nextStep: {
      en: "Look the code up in WeChat's documentation, or ask WeChat's support with the rid. WeChat is asked again every FASTREGISTER_TOKEN_RETRY, and at once by `fastregister resume`.",
      zh: '请查阅微信文档，或凭 rid 咨询微信客服。系统每隔 FASTREGISTER_TOKEN_RETRY 重试一次，也可运行 `fastregister resume` 立即重试。',
    },
  },
  'token:refused': {
    acts: 'platform',
    en: 'WeChat refused three new component access tokens in a row, before any call succeeded.',
    zh: '微信连续三次拒绝新的 component_access_token。',
    nextStep: {
      en: 'Find out whether another service refreshes the token of this platform (then let both take it from there: WECHAT_COMPONENT_ACCESS_TOKEN_URL), or whether a fixed WECHAT_COMPONENT_ACCESS_TOKEN has expired; then run `fastregister resume`.',
      zh: '请检查是否有其他服务在刷新该平台的令牌（如有，请统一由 WECHAT_COMPONENT_ACCESS_TOKEN_URL 获取），或固定的 WECHAT_COMPONENT_ACCESS_TOKEN 是否已过期；处理后运行 `fastregister resume`。',
    },
  },
  'token:service': {
    acts: 'platform',
    en: "The platform's own token service answers, but without a token.",
    zh: '平台自有的令牌服务有应答，但其中没有令牌。',
    nextStep: {
      en: 'Check WECHAT_COMPONENT_ACCESS_TOKEN_URL: its answer has to be {"component_access_token": …, "expires_in": …}; then run `fastregister resume`.',
      zh: '请检查 WECHAT_COMPONENT_ACCESS_TOKEN_URL，其应答应为 {"component_access_token": …, "expires_in": …}；然后运行 `fastregister resume`。',
    },
  },
  'token:service_away': {
    acts: 'platform',
    en: "The platform's own token service cannot be reached, or is busy.",
    zh: '无法连接平台自有的令牌服务，或该服务繁忙。',
    nextStep: {
      en: 'Check that service, the network and WECHAT_COMPONENT_ACCESS_TOKEN_URL if it stays so.',
      zh: '若持续如此，请检查该服务、网络和 WECHAT_COMPONENT_ACCESS_TOKEN_URL。',
    },
  },
  'batch:canaries': {
    acts: 'us',
    en: 'The first rows of a batch were refused, so the rest of it was not sent.',
    zh: '先提交的几行未被受理，其余行暂未提交。',
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
  [DUPLICATE]: {
    acts: 'nobody',
    en: 'An earlier row of the same file names the same merchant, who is registered once.',
    zh: '与同一文件中的前面某行为同一商户，只注册一次。',
    nextStep: { en: 'See the line that the reason names.', zh: '请见原因中所指的行。' },
  },
  [DIFFERING_DUPLICATE]: {
    acts: 'us',
    en: 'An earlier row of the same file names the same enterprise with other details. Only the earlier one is sent.',
    zh: '同一文件中前面某行以不同的信息填写了同一企业，只提交前面的一行。',
    nextStep: {
      en: 'Look at both lines. If the later one is right, delete the earlier one and load the sheet again.',
      zh: '请核对两行；如应以后面的为准，请删除前面的一行后重新导入。',
    },
  },
  [REPLACED]: {
    acts: 'nobody',
    en: 'A newer row names the same enterprise with other details, before this one was sent. Only the newer one is sent.',
    zh: '本行提交前，较新的一行以不同的信息填写了同一企业，只提交较新的一行。',
    nextStep: { en: 'See the row that the reason names.', zh: '请见原因中所指的行。' },
  },
  [WAITING]: {
    acts: 'us',
    en: 'Another row was sent for the same enterprise with other details. This one is sent if that fails.',
    zh: '另一行已以不同的信息提交了同一企业；若其失败，将自动提交本行。',
    nextStep: NOTHING_TO_DO,
  },
  'push:overdue': {
    acts: 'us',
    en: 'WeChat took the task, or may have taken it, and then said nothing: no push came, and search does not say how it ended.',
    zh: '微信已受理或可能已受理，但既未推送结果，查询也无结论。',
    nextStep: joined([
      LOOK_FOR_THE_MINI_PROGRAM,
      { en: 'If it does not exist, send it again.', zh: '确认没有后再重新提交。' },
    ]),
  },
  [SECOND_MINI_PROGRAM]: {
    acts: 'us',
    en: 'WeChat has created two Mini Programs for this enterprise; an earlier attempt may have succeeded late. This row shows the last one.',
    zh: '微信为该企业创建了两个小程序，可能是较早的一次提交后来也成功了。本行显示的是最后一个。',
    nextStep: {
      en: 'Ask the merchant which of them to use: the history of the registration names both (`fastregister explain`), and both are kept. The other one can be given up on mp.weixin.qq.com.',
      zh: '请与商户确认使用哪一个：两个小程序均予保留，商户的经过中列有两者（`fastregister explain`）；不用的一个可由商户在 mp.weixin.qq.com 注销。',
    },
  },
  [CREATED_FROM_ANOTHER_ROW]: {
    acts: 'us',
    en: 'The Mini Program was created by an earlier attempt, with the details of another row: the legal person or the Weixin ID may not be those of this row.',
    zh: '小程序由较早的一次提交创建，使用的是另一行的信息：法人或微信号可能与本行不同。',
    nextStep: ASK_WHETHER_IT_IS_RIGHT,
  },
  [CREATED_WITH_OTHER_DETAILS]: {
    acts: 'us',
    en: 'The Mini Program was created with details that no row of ours has: another service of the platform may have asked for it. The legal person or the Weixin ID may not be those of this row.',
    zh: '小程序创建时所用的信息与我们的任何一行都不同：可能由第三方平台的其他服务提交，法人或微信号可能与本行不同。',
    nextStep: ASK_WHETHER_IT_IS_RIGHT,
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
    en: 'The authorization code had expired or was used when it was exchanged, and WeChat did not give the refresh token in another way, so the platform cannot act for the Mini Program yet.',
    zh: '换取授权时授权码已过期或已使用，也未能以其他方式取得刷新令牌，第三方平台暂时无法代其操作。',
    nextStep: AUTHORISE_AGAIN,
  },
  'authorize:too_late': {
    acts: 'merchant',
    en: 'The authorization code could not be exchanged while it lived, and WeChat did not give the refresh token in another way, so the platform cannot act for the Mini Program yet.',
    zh: '授权码未能在有效期内换取授权，也未能以其他方式取得刷新令牌，第三方平台暂时无法代其操作。',
    nextStep: AUTHORISE_AGAIN,
  },
  'authorize:withdrawn': {
    acts: 'merchant',
    en: 'The merchant withdrew the authorisation of the platform, so the platform cannot act for the Mini Program any more.',
    zh: '商户已取消对第三方平台的授权，平台无法再代其操作。',
    nextStep: AUTHORISE_AFTER_WITHDRAWAL,
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
    acts: 'nobody',
    en: 'The 24 hours of the link for the legal person are over; WeChat has not said yet how it ended.',
    zh: '法人的确认链接已满 24 小时失效，微信尚未告知结果。',
    nextStep: {
      en: "Nothing to do: WeChat's push or one query will tell. After that it can be sent again, with a new link.",
      zh: '无需操作，将以微信推送或一次查询的结果为准；之后可重新提交并获得新链接。',
    },
  },
  'link:lost': {
    acts: 'us',
    en: "WeChat's answer with the link was lost, so nobody could open it; its 24 hours are over.",
    zh: '含链接的微信答复已丢失，无人能够打开链接，其 24 小时已过。',
    nextStep: {
      en: 'It was sent again once, and that answer was lost too: check the network and any proxy between this server and WeChat (`fastregister doctor`), then retry the row.',
      zh: '已自动重新提交一次，其答复再次丢失：请检查本服务器与微信之间的网络及代理（`fastregister doctor`），然后重新提交。',
    },
  },
  'api:retired': {
    acts: 'us',
    en: 'Every create of today was answered with -1. WeChat took fastregisterweapp offline on 2026-04-30; its successor is fastregisterenterpriseweapp, where each legal person opens a link instead of a message.',
    zh: '今日所有提交均返回 -1。微信已于 2026-04-30 下线 fastregisterweapp，替代接口为 fastregisterenterpriseweapp，由法人打开链接（而非消息）完成确认。',
    nextStep: {
      en: 'Set WECHAT_REGISTRATION_API=fastregisterenterpriseweapp, start fastregister again, then run `fastregister resume`. No row is lost; those without a Unified Social Credit Code become invalid.',
      zh: '请设置 WECHAT_REGISTRATION_API=fastregisterenterpriseweapp，重启后运行 `fastregister resume`。所有行均保留；没有统一社会信用代码的行结果为“表格有误”。',
    },
  },
};
