/** One push, without HTTP: verify → decrypt → store → answer. What it says is recorded afterwards. */
import type { Logger } from 'pino';
import type { Pushes } from '../redis/pushes.js';
import { openPush, type PushCredential } from '../wechat/crypt.js';
import { readPush } from '../wechat/push.js';

export interface Receiver {
  /** The current credential first, then the previous one. */
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  readonly pushes: Pushes;
  /** Times in ms since 1970; `createdAt` is WeChat's. */
  readonly keepTicket: (ticket: string, createdAt: number, receivedAt: number) => Promise<void>;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Received {
  readonly status: 200 | 400 | 403 | 503;
  readonly body: string;
}

/** WeChat takes this literal, and nothing else, for a receipt. */
const SUCCESS: Received = { status: 200, body: 'success' };

export async function receive(
  receiver: Receiver,
  query: { readonly timestamp?: unknown; readonly nonce?: unknown; readonly msg_signature?: unknown },
  body: Buffer,
): Promise<Received> {
  const { credentials, componentAppid, pushes, log } = receiver;
  const opened = openPush({ credentials, componentAppid, query, body });
  if (!opened.ok) {
    log.warn({ why: opened.why, detail: opened.detail }, 'a push was refused');
    return opened.why === 'bad_signature'
      ? { status: 403, body: 'bad signature' }
      : { status: 400, body: 'unreadable' };
  }
  const receivedAt = receiver.now();
  const push = readPush(opened.xml);
  const infoType = push.kind === 'unreadable' ? 'unreadable' : push.infoType;
  try {
    if (push.kind === 'verify_ticket') {
      await receiver.keepTicket(push.ticket, push.createdAt ?? receivedAt, receivedAt);
    } else {
      await pushes.keep({ receivedAt, infoType, xml: opened.xml });
    }
  } catch (error) {
    log.error({ err: error, infoType }, 'a push could not be stored; WeChat is told to send it again');
    return { status: 503, body: 'not stored' };
  }
  pushes.count(infoType).catch(() => {});
  log.info(
    { infoType, lagMs: push.kind === 'unreadable' ? undefined : lag(push.createdAt, receivedAt) },
    'push stored',
  );
  return SUCCESS;
}

function lag(createdAt: number | undefined, receivedAt: number): number | undefined {
  return createdAt === undefined ? undefined : receivedAt - createdAt;
}
