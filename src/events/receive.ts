/** One push, without HTTP: verify → decrypt → store → answer. What it says is recorded afterwards. */
import type { Logger } from 'pino';
import type { ReceivedPush } from '../redis/pushes.js';
import { openPush, type PushCredential } from '../wechat/crypt.js';
import { sketchPush } from '../wechat/push.js';
import type { Refusals } from './refusals.js';

export interface Receiver {
  /** The current credential first, then the previous one. */
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  /** Stored when it returns; throws where it is not. */
  readonly put: (push: ReceivedPush) => Promise<void>;
  readonly refusals: Refusals;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Received {
  readonly status: 200 | 400 | 403 | 503;
  readonly body: string;
}

/** WeChat takes this literal, and nothing else, for a receipt. */
const SUCCESS: Received = { status: 200, body: 'success' };

/** @param query the URL's, as it came, without its question mark */
export async function receive(receiver: Receiver, query: string, body: Buffer): Promise<Received> {
  const { credentials, componentAppid, put, refusals, log } = receiver;
  const opened = openPush({ credentials, componentAppid, query: signedPart(query), body });
  if (!opened.ok) {
    refusals.count(opened.why, opened.detail);
    return opened.why === 'bad_signature'
      ? { status: 403, body: 'bad signature' }
      : { status: 400, body: 'unreadable' };
  }
  const { infoType, createdAt, ticket } = sketchPush(opened.xml);
  try {
    await put({ receivedAt: receiver.now(), createdAt, infoType, query, body, ticket });
  } catch (error) {
    refusals.count('not_stored', 'neither Redis nor the disk takes pushes');
    log.debug({ err: error }, 'a push could not be stored');
    return { status: 503, body: 'not stored' };
  }
  return SUCCESS;
}

export interface SignedPart {
  readonly timestamp: string | undefined;
  readonly nonce: string | undefined;
  readonly msg_signature: string | undefined;
}

/** What the signature covers of a URL's query. */
export function signedPart(query: string): SignedPart {
  const parameters = new URLSearchParams(query);
  return {
    timestamp: parameters.get('timestamp') ?? undefined,
    nonce: parameters.get('nonce') ?? undefined,
    msg_signature: parameters.get('msg_signature') ?? undefined,
  };
}
