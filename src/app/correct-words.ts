/** What is said of a correction before and after it is made. Commands and pages differ only in how to go on. */
import type { State } from '../domain/registration.js';
import type { Words } from '../domain/words.js';
import type { Becomes, Correction, CorrectionDone } from './correct.js';

/** How this face sends a registration again: the object of "use …". */
export type SendAgain = (id: string, only: 'failed' | 'needs_review') => Words;

/** What the corrected row would be to its registration. */
export function becomesInWords(
  { registration: { id, state }, becomes }: Pick<Correction, 'registration' | 'becomes'>,
  sendAgain: SendAgain,
): Words {
  const isUnknown = state === 'needs_review' && becomes === 'waits';
  return isUnknown ? unknownOutcome(sendAgain(id, 'needs_review')) : BECOMES[becomes];
}

export const SUFFIX: Words = { en: ' (correction)', zh: '（更正）' };

const BECOMES: Readonly<Record<Becomes, Words>> = {
  begins: { en: 'It is sent as a new attempt.', zh: '将以更正后的信息重新提交。' },
  replaces: {
    en: 'The old row was not sent yet: it is cancelled, and the corrected one is sent instead.',
    zh: '旧的一行尚未提交：将被撤回，改为提交更正后的信息。',
  },
  leads: { en: 'It was not sent yet: it is sent with the corrected details.', zh: '尚未提交，将以更正后的信息提交。' },
  joins: {
    en: 'What changes makes no other task at WeChat: nothing more is sent now, and the row gets the outcome of the present attempt.',
    zh: '所改内容不会形成新的任务：现在不再提交，结果与当前一次相同。',
  },
  waits: {
    en: 'A task of this enterprise may be running at WeChat: the corrected details wait, and are sent automatically if it fails.',
    zh: '该企业可能有任务正在微信中执行：更正后的信息会等待，任务失败后自动提交。',
  },
};

const unknownOutcome = (sendAgain: Words): Words => ({
  en: `The outcome of the last attempt is not known: the corrected details wait. Ask the merchant first; to send them then, use ${sendAgain.en}.`,
  zh: `上一次提交的结果未知：更正后的信息会等待。请先向商户确认，再用${sendAgain.zh}提交。`,
});

export const DONE: Readonly<Record<CorrectionDone['became'], Words>> = {
  sent: {
    en: 'The corrected details are queued; a worker sends them, and a receiver takes the result (`fastregister serve`). Batch:',
    zh: '更正后的信息已排队，由工作进程提交，由接收服务接收结果（`fastregister serve`）。批次：',
  },
  joins: {
    en: 'Nothing more is sent: the row gets the outcome of the present attempt. Batch:',
    zh: '不再提交，结果与当前一次相同。批次：',
  },
  waits: {
    en: 'The corrected details wait for the end of the task that may be running; a worker and a receiver have to run for that (`fastregister serve`). Batch:',
    zh: '更正后的信息正在等待可能在执行的任务结束；此期间须有工作进程和接收服务运行（`fastregister serve`）。批次：',
  },
  already_created: {
    en: 'The Mini Program was created meanwhile: nothing is sent. Batch:',
    zh: '小程序刚刚已创建，不再提交。批次：',
  },
};

export const CREATED = (appid: string | undefined): Words => ({
  en: `The merchant has a Mini Program${appid === undefined ? '' : ` (${appid})`}: nothing is sent.`,
  zh: `该商户已有小程序${appid === undefined ? '' : `（${appid}）`}，不再提交。`,
});

export const UNCHANGED = (id: string, batch: string, state: State, sendAgain: SendAgain): Words => {
  const isFailed = state === 'rejected' || state === 'expired' || state === 'cancelled';
  const { en, zh } = sendAgain(id, 'failed');
  return {
    en: `These are the details that batch ${batch} has already: nothing was changed.${isFailed ? ` To send them as they are, use ${en}.` : ''}`,
    zh: `批次 ${batch} 的信息与此相同，没有任何更改。${isFailed ? `如需原样重新提交，请用${zh}。` : ''}`,
  };
};

export const INVALID: Words = {
  en: 'The checks refuse the corrected details; nothing is sent:',
  zh: '更正后的信息未通过校验，不予提交：',
};

export const OVERTAKEN: Words = {
  en: 'Somebody else has changed these details in the meantime: nothing was sent. Begin again to see what would be done now.',
  zh: '其他人刚刚改动了这些信息，没有提交。请重新操作，查看现在的情况。',
};

export const QUESTION: Words = { en: 'Send the corrected details?', zh: '将提交更正后的信息。' };
