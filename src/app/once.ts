/** An action of a form that is done once, however often the form is sent: clicked twice, reloaded, or sent from two tabs. */
import { randomBytes } from 'node:crypto';
import type { Words } from '../domain/words.js';
import { openSentForms } from '../redis/console-once.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

/** For a hidden field of the form. */
export function newOnceId(): string {
  return randomBytes(16).toString('base64url');
}

export interface Done {
  /** What was done, for the person. */
  readonly said: Words;
  /** Where its outcome is shown. */
  readonly to: string;
}

export interface Repeated {
  /** The form was sent before: nothing was done now. */
  readonly isRepeated?: true;
}

/** In the audit, of a form that was sent before. */
export const REPEATED = 'repeated';

/** Forms that Redis could not forget when they failed: it was away. */
const failed = new Set<string>();

/** What fails is not done, and may be sent again. @throws RequestError where the form has no such id */
export async function doOnce<T extends Done>(
  { redis }: Pick<Store, 'redis'>,
  id: string,
  act: () => Promise<T>,
): Promise<T & Repeated> {
  if (!/^[\w-]{22}$/.test(id)) throw new RequestError('refused', NO_FORM);
  const forms = openSentForms(redis);
  const begun = await forms.begin(id);
  // Also if Redis has forgotten it since: the next one that is sent meanwhile is not the one that failed.
  const hasFailed = failed.delete(id);
  if (begun.kind === 'sent' && !(begun.answer === '' && hasFailed)) {
    if (begun.answer === '') throw new RequestError('refused', IN_PROGRESS);
    return { ...(JSON.parse(begun.answer) as T), isRepeated: true };
  }
  try {
    const done = await act();
    await forms.finish(id, JSON.stringify(done));
    return done;
  } catch (error) {
    await forms.forget(id).catch(() => failed.add(id));
    throw error;
  }
}

const NO_FORM: Words = {
  en: 'This form is no longer valid. Nothing was done; open the page again.',
  zh: '表单已失效，未执行任何操作，请重新打开页面。',
};

const IN_PROGRESS: Words = {
  en: 'This form was sent already, and is being worked on. It is not done twice.',
  zh: '该表单已发送，正在处理，不会重复执行。',
};
