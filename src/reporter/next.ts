/** What happens next with a registration, by when, and which side has to act. */
import { LONGEST_TASK_MS } from '../domain/limits.js';
import { isToBeSeenTo, type Registration, STATES, WAITS } from '../domain/registration.js';
import { type Actor, AFTER_CREATION, type Words } from '../domain/words.js';
import { invited, lacksItsLink, NO_LINK } from './invited.js';
import { actorFor, type BlockedReason, heldBackBy, troubleWith } from './sentences.js';

export interface Next extends Words {
  readonly acts: Actor;
  /** ms since 1970; absent if it is not known. */
  readonly by?: number;
}

export function nextOf(registration: Registration, present: BlockedReason | undefined): Next {
  const { state, until, wait, sentAt, appid, authorizer, authorizeUrl } = registration;
  const trouble = troubleWith(registration);
  const blockedReason = heldBackBy(present, registration);
  if (blockedReason !== undefined)
    return {
      ...both(blockedReason.reason, blockedReason.nextStep),
      acts: actorFor(blockedReason.nextStep, blockedReason.whoActs),
    };
  switch (state) {
    case 'queued':
      return {
        en: 'It is sent as soon as the budgets let it go.',
        zh: '额度允许时立即提交。',
        acts: STATES[state].acts,
      };
    case 'deferred':
      return {
        en: `It is sent again; it waits because ${wait === undefined ? 'of an answer' : WAITS[wait].en}.`,
        zh: `到时再次提交；等待原因：${wait === undefined ? '微信的答复' : WAITS[wait].zh}。`,
        acts: STATES[state].acts,
        ...(until !== undefined && { by: until }),
      };
    case 'submitting':
      return {
        en: "WeChat's push settles it. Should none come, WeChat is asked; where nobody can have received a link, it is sent again.",
        zh: '以微信推送结果为准；若未收到推送，则向微信查询；如链接未曾送达任何人，则重新提交。',
        acts: STATES[state].acts,
        ...(until !== undefined && { by: until }),
      };
    case 'awaiting_legal_person':
      if (lacksItsLink(registration)) return { ...both(NO_LINK, invited(registration).nextStep), acts: 'us' };
      return {
        ...(authorizeUrl === undefined
          ? { en: 'The legal person confirms in WeChat.', zh: '法人在微信中完成确认。' }
          : { en: `The legal person opens the link: ${authorizeUrl}`, zh: `法人打开链接：${authorizeUrl}` }),
        acts: STATES[state].acts,
        ...(sentAt !== undefined && { by: sentAt + LONGEST_TASK_MS }),
      };
    case 'created':
      if (authorizer === 'due') {
        return { en: 'The auth_code is exchanged, at once.', zh: '立即换取授权。', acts: 'us' };
      }
      // Known from a query, which names no Mini Program, or not authorised: both say what to do.
      if ((appid === undefined || authorizer !== 'kept' || isToBeSeenTo(registration)) && trouble !== undefined) {
        return { ...trouble.nextStep, acts: trouble.acts };
      }
      return { en: `It is done. ${AFTER_CREATION.en}`, zh: `已完成。${AFTER_CREATION.zh}`, acts: 'nobody' };
    case 'cancelled':
      return {
        en: 'Nothing, until its row is loaded again or a retry is asked for.',
        zh: '已结束；重新导入或重新提交后才会再次处理。',
        acts: 'nobody',
      };
    default:
      return {
        ...(trouble?.nextStep ?? { en: 'Look at the history below.', zh: '请查看下方记录。' }),
        acts: state === 'needs_review' ? STATES[state].acts : (trouble?.acts ?? STATES[state].acts),
        ...(until !== undefined && { by: until }),
      };
  }
}

function both(one: Words, other: Words): Words {
  return { en: `${one.en} ${other.en}`, zh: `${one.zh}${other.zh}` };
}
