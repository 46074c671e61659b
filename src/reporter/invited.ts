/**
 * How the legal person of a registration was asked to confirm, in words: WeChat sends a message, or its answer had a link that the
 * platform hands over. The registration says which, because the setting may have been changed while its task runs.
 */
import type { Registration } from '../domain/registration.js';
import type { Words } from '../domain/words.js';

interface Invited {
  /** What has to be done about a task whose link is unknown. */
  readonly nextStep: Words;
  /** What follows where the answer to `create` does not come, and no push either; `{time}` is when. */
  readonly unanswered: Words;
}

const BY_MESSAGE: Invited = {
  nextStep: {
    en: 'Ask the legal person to open the message “创建小程序申请” (Mini Program creation application) of the Official Account “公众平台安全助手” in WeChat, and to finish the checks of ID card and face. WeChat sends it to the Weixin ID of this row; it takes minutes, sometimes more than ten. If none comes, follow that account, look there, and check the Weixin ID.',
    zh: '请法人在微信“公众平台安全助手”公众号中打开“创建小程序申请”消息，完成身份证校验和人脸识别。消息发送至所填的法人微信号，可能延迟几分钟到十几分钟；若未收到，请关注该公众号后查找，并核对微信号。',
  },
  unanswered: {
    en: "It is not sent again: the legal person may have got WeChat's message. Unless WeChat's push comes first, it is followed up at {time}.",
    zh: '法人可能已收到微信消息，因此不会重复提交；如 {time} 前仍未收到微信推送，系统将再次查询。',
  },
};

const BY_LINK: Invited = {
  nextStep: {
    en: 'Nothing to do now: there is no link to hand over, so the legal person cannot confirm. It is followed up when the task has ended, after 24 hours at most.',
    zh: '暂无需操作：没有可转交的链接，法人无法确认。任务结束后（最长 24 小时）系统会继续处理。',
  },
  unanswered: {
    en: "Without WeChat's answer nobody has the link. Unless WeChat's push comes first, it is followed up at {time}, when a task that WeChat may have begun is over: it is then sent again, once.",
    zh: '未收到含链接的答复，没有人持有链接。如 {time} 前仍未收到微信推送，微信可能建立的任务届时已结束，系统会重新提交一次。',
  },
};

export function invited({ byLink }: Registration): Invited {
  return byLink ? BY_LINK : BY_MESSAGE;
}

/** WeChat has accepted the task without a link, or its answer was lost: the legal person cannot confirm. */
export function lacksItsLink({ state, byLink, authorizeUrl }: Registration): boolean {
  return state === 'awaiting_legal_person' && byLink === true && authorizeUrl === undefined;
}

export const NO_LINK: Words = {
  en: 'WeChat accepted the task, but no link for the legal person is known.',
  zh: '微信已受理，但没有得到法人的链接。',
};
