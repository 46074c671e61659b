/** An action of a form that is done once, however often the form is sent: clicked twice, reloaded, or sent from two tabs. */
import { randomBytes } from 'node:crypto';
import type { Words } from '../domain/words.js';
import { key } from '../redis/keys.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

/** A form that was opened yesterday can be sent; a page is not kept open for longer. */
const KEPT_S = 86_400;

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

/** What fails is not done, and may be sent again. @throws RequestError where the form has no such id */
export async function doOnce({ redis }: Pick<Store, 'redis'>, id: string, act: () => Promise<Done>): Promise<Done> {
  if (!/^[\w-]{22}$/.test(id)) throw new RequestError('refused', NO_FORM);
  const name = key('consoleOnce', id);
  if ((await redis.set(name, '', 'EX', KEPT_S, 'NX')) === null) {
    const done = await redis.get(name);
    if (done === null || done === '') throw new RequestError('refused', IN_PROGRESS);
    return JSON.parse(done) as Done;
  }
  try {
    const done = await act();
    await redis.set(name, JSON.stringify(done), 'EX', KEPT_S);
    return done;
  } catch (error) {
    await redis.del(name);
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
