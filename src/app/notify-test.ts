/** A test notice to each address of FASTREGISTER_NOTIFY_URL, and what each of them answered. Needs no ledger. */
import { Agent } from 'undici';
import type { Notice } from '../domain/notice.js';
import { type RobotName, shownAddress } from '../domain/robot.js';
import type { Words } from '../domain/words.js';
import { postToChat } from '../notices/chat.js';
import { type DeliveryTarget, isChat } from '../notices/deliver.js';
import type { PostTools } from '../notices/posting.js';
import { notifyTargets } from '../notices/targets.js';
import { postWebhook } from '../notices/webhook.js';
import type { Settings } from '../settings.js';
import { RequestError } from './request-error.js';

export interface NotifyResult {
  /** Null: a program that takes webhooks. */
  readonly robot: RobotName | null;
  /** Without its secrets. */
  readonly address: string;
  readonly taken: boolean;
  /** What came back; '' of a webhook that took it. */
  readonly answer: string;
  /** What to do about it, where that is known. */
  readonly hint?: Words | undefined;
}

export const WEBHOOK: Words = { en: 'webhook', zh: 'Webhook' };

export const NOTIFY_ANSWERS = {
  taken: { en: 'taken', zh: '已接收' },
  refused: { en: 'not taken', zh: '未接收' },
} as const satisfies Record<string, Words>;

/** @throws RequestError if no address for notices is set */
export async function testNotify(settings: Settings): Promise<NotifyResult[]> {
  const { patience, webhookSecret = '' } = settings;
  const targets = notifyTargets(settings);
  if (targets.length === 0) {
    throw new RequestError('refused', {
      en: 'FASTREGISTER_NOTIFY_URL is not set. Set it to the address of a group robot of 企业微信, 钉钉 or 飞书, or of a program that takes webhooks.',
      zh: '未设置 FASTREGISTER_NOTIFY_URL。请填入企业微信、钉钉或飞书群机器人的地址，或接收 webhook 的程序的地址。',
    });
  }
  const agent = new Agent();
  const tools = { agent, requestTimeoutMs: patience.requestTimeoutMs, leaving: new AbortController().signal };
  try {
    return await Promise.all(targets.map((target) => tried(target, webhookSecret, tools)));
  } finally {
    await agent.close();
  }
}

async function tried(target: DeliveryTarget, secret: string, tools: PostTools): Promise<NotifyResult> {
  const at = Date.now();
  const notice: Notice = { id: `test-${at}`, type: 'test', at, data: {} };
  const address = shownAddress(target.url);
  if (!isChat(target)) {
    const posted = await postWebhook(target, notice, secret, tools);
    return { robot: null, address, taken: posted.taken, answer: posted.taken ? '' : posted.why };
  }
  const posted = await postToChat(target, [notice], at, tools);
  return posted.taken
    ? { robot: target.robot, address, taken: true, answer: posted.says }
    : { robot: target.robot, address, taken: false, answer: posted.why, hint: posted.hint };
}
