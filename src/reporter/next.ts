/** What happens next with a registration, by when, and which side has to act. */
import { LONGEST_TASK_MS } from '../domain/limits.js';
import { type Registration, WAITS } from '../domain/registration.js';
import { type Actor, AFTER_CREATION, NOTHING_TO_DO, type Words } from '../domain/words.js';
import { invited, lacksItsLink, NO_LINK } from './invited.js';
import { DAY_IS_OVER, heldBackBy, type Present, troubleWith, whoActsOn } from './sentences.js';

export interface Next extends Words {
  readonly acts: Actor;
  /** ms since 1970; absent if it is not known. */
  readonly by?: number;
}

/** The side that acts is that of the report. */
export function nextOf(registration: Registration, present: Present): Next {
  return { ...stepOf(registration, present), acts: whoActsOn(registration, present) };
}

function stepOf(registration: Registration, present: Present): Omit<Next, 'acts'> {
  const { state, until, wait, authorizer, attempt } = registration;
  const trouble = troubleWith(registration);
  const blockedReason = heldBackBy(present.blockedReason, registration);
  if (blockedReason !== undefined) return both(blockedReason.reason, blockedReason.nextStep);
  const by = until !== undefined && { by: until };
  switch (state) {
    case 'queued':
      return { en: 'It is sent as soon as the budgets let it go.', zh: '额度允许时立即提交。' };
    case 'deferred': {
      const sent = attempt === 0 ? { en: 'sent later', zh: '提交' } : { en: 'sent again', zh: '再次提交' };
      return {
        en: `It is ${sent.en}; it waits because ${wait === undefined ? 'of an answer' : WAITS[wait].en}.`,
        zh: `到时${sent.zh}；等待原因：${wait === undefined ? '微信的答复' : WAITS[wait].zh}。`,
        ...by,
      };
    }
    case 'submitting':
      return {
        en: "WeChat's push settles it. Should none come, WeChat is asked; where nobody can have received a link, it is sent again.",
        zh: '以微信推送结果为准；若未收到推送，则向微信查询；如链接未曾送达任何人，则重新提交。',
        ...by,
      };
    case 'awaiting_legal_person':
      return stepOfLegalPerson(registration, present.now);
    case 'created':
      // Known from a query, which names no Mini Program, or not authorised: both say what to do.
      if (trouble !== undefined) return trouble.nextStep;
      if (authorizer === 'due') return { en: 'The auth_code is exchanged, at once.', zh: '立即换取授权。' };
      return { en: `It is done. ${AFTER_CREATION.en}`, zh: `已完成。${AFTER_CREATION.zh}` };
    case 'cancelled':
      return {
        en: 'Nothing, until its row is loaded again or a retry is asked for.',
        zh: '已结束；重新导入或重新提交后才会再次处理。',
      };
    default:
      return { ...(trouble?.nextStep ?? { en: 'Look at the history below.', zh: '请查看下方记录。' }), ...by };
  }
}

function stepOfLegalPerson(registration: Registration, now: number): Omit<Next, 'acts'> {
  const { sentAt = 0, until, authorizeUrl } = registration;
  const endsAt = sentAt + LONGEST_TASK_MS;
  if (now >= endsAt) {
    return { ...both(DAY_IS_OVER, NOTHING_TO_DO), ...(until !== undefined && until > now && { by: until }) };
  }
  if (lacksItsLink(registration)) return both(NO_LINK, invited(registration).nextStep);
  if (authorizeUrl === undefined) {
    return { en: 'The legal person confirms in WeChat.', zh: '法人在微信中完成确认。', by: endsAt };
  }
  return { en: `The legal person opens the link: ${authorizeUrl}`, zh: `法人打开链接：${authorizeUrl}`, by: endsAt };
}

function both(one: Words, other: Words): Words {
  return { en: `${one.en} ${other.en}`, zh: `${one.zh}${other.zh}` };
}
