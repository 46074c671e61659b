/** What the registration APIs of WeChat have in common; code outside this room does not know which API is in use. */
import type { DetailField, Merchant } from '../domain/merchant.js';
import type { Needs } from '../domain/sheet-row.js';
import type { Answer } from './answers.js';
import type { Reply } from './client.js';
import type { RegistrationInfo } from './push.js';

export interface RegistrationApi {
  /** As WECHAT_REGISTRATION_API names it. */
  readonly name: string;
  /** How the legal person is asked: WeChat sends a message, or its answer has a link that the platform hands over. */
  readonly invites: 'message' | 'link';
  /** The path for which WeChat counts the quota. */
  readonly path: string;
  /** What a row must have before it may be sent. */
  readonly needs: Omit<Needs, 'defaultPhone'>;
  /** What its create sends of a merchant beside the phone: rows that differ in nothing else ask for the same task. */
  readonly details: readonly DetailField[];
  /** How WeChat behaves once it has taken this API offline; absent while nothing of the kind is announced. */
  readonly retirement?: Retirement;
  create(merchant: Merchant, token: string): Promise<Reply>;
  /** What the answer to an accepted `create` has beside errcode 0. */
  taskOf(body: Readonly<Record<string, unknown>>): { taskId?: string; authorizeUrl?: string };
  /** False where WeChat cannot be asked about a task: its id was in an answer that got lost. */
  canSearch(taskId: string | undefined): boolean;
  /** Asks what became of the task; WeChat knows it by `taskId` or by the merchant. */
  search(merchant: Merchant, taskId: string | undefined, token: string): Promise<Reply>;
  /** What the answer to `search` says of the task. The successor's answer to `create` says it in the same field. */
  readSearch(reply: Answered): SearchReading;
  /** The task, or else the enterprise, that a push is about. */
  matchOf(info: RegistrationInfo): PushMatch;
}

export type Answered = Extract<Reply, { readonly kind: 'answer' }>;

export interface SearchReading {
  /** As a report writes it: `search:89250`, `query:12`. */
  readonly problem: string;
  readonly said: string;
  readonly answer: Answer;
}

export interface Retirement {
  /** The day for which WeChat announced it, `2026-04-30`. */
  readonly day: string;
  /** What every `create` answers from then on. */
  readonly errcode: number;
  /** The word under which reporter/troubles says what happened and what to do. */
  readonly problem: string;
}

/** By what a push names its registration; empty where it does not say. */
export interface PushMatch {
  readonly taskIds: readonly string[];
  /** The enterprise's code, in the form in which WeChat repeats it. */
  readonly codes: readonly string[];
}
