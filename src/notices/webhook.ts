/**
 * A notice as a signed JSON POST. Headers and signature follow the Standard Webhooks specification
 * (standardwebhooks.com), which has libraries in most languages; docs/webhooks.md shows how to verify without a
 * library.
 */
import { createHmac } from 'node:crypto';
import { isRedisUnable } from '../domain/ledger-errors.js';
import type { Notice } from '../domain/notice.js';
import { type Posted, type PostTools, postJson } from './posting.js';

export interface Webhook {
  readonly url: string;
  /** What is too secret to be kept in a notice is added when it is posted. */
  readonly complete?: (data: Notice['data']) => Promise<Notice['data']>;
}

/** @param secret FASTREGISTER_WEBHOOK_SECRET */
export async function postWebhook(webhook: Webhook, notice: Notice, secret: string, tools: PostTools): Promise<Posted> {
  let body: string;
  try {
    body = await written(webhook, notice);
  } catch (fault) {
    if (isRedisUnable(fault)) throw fault;
    // Ours, such as a wrong secret key: the receiver is not at fault, and other ordering keys go on.
    return { taken: false, why: 'our program failed', isDown: false, fault };
  }
  const timestamp = String(Math.floor(Date.now() / 1000));
  const answered = await postJson(webhook.url, body, tools, {
    'webhook-id': notice.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': webhookSignature(secret, notice.id, timestamp, body),
  });
  const { status } = answered;
  if (status === undefined) return { taken: false, why: answered.why, isDown: true };
  if (status >= 200 && status < 300) return { taken: true };
  return { taken: false, why: `HTTP ${status}`, isDown: status >= 500 || status === 429 };
}

async function written({ complete }: Webhook, { type, at, data }: Notice): Promise<string> {
  const whole = (await complete?.(data)) ?? data;
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: whole });
}

/** `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`; the key is the secret's bytes, or what stands in Base64 after `whsec_`. */
export function webhookSignature(secret: string, id: string, timestamp: string, body: string): string {
  const bytes = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return `v1,${createHmac('sha256', bytes).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
