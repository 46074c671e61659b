/** One push, without HTTP: verify → decrypt → store → answer. What it says is recorded afterwards. */
import type { Logger } from 'pino';
import type { ReceivedPush } from '../redis/pushes.js';
import { faultOf, type NotOpened, openPush, type PushCredential } from '../wechat/crypt.js';
import { sketchPush } from '../wechat/push.js';
import { type Ages, openAges } from './age.js';
import type { Refusals } from './refusals.js';

export interface ReceiverOptions {
  /** The current credential first, then the previous one. */
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  /** Stored when it returns; throws where it is not. */
  readonly put: (push: ReceivedPush) => Promise<void>;
  readonly refusals: Refusals;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Receiver extends ReceiverOptions {
  readonly ages: Ages;
  /** Signatures that were stored by this process lately, or are being stored. */
  readonly recent: Map<string, Promise<Received>>;
}

export interface Received {
  readonly status: 200 | 400 | 403 | 503;
  readonly text: string;
  /** Nobody but WeChat, or who stands between, can have sent it: it was never seen before. */
  readonly isNew?: true;
}

/** WeChat takes this literal, and nothing else, for a receipt. */
const SUCCESS: Received = { status: 200, text: 'success' };
const NEW: Received = { ...SUCCESS, isNew: true };
const STORED = Promise.resolve(SUCCESS);

/** 3 MB. A repetition of what is older costs one step of Redis, which remembers all of three days. */
const MOST_RECENT = 20_000;

export function openReceiver(options: ReceiverOptions): Receiver {
  return { ...options, ages: openAges(options.now), recent: new Map() };
}

/**
 * Answers at once where the push is refused, so that whoever reads the answer knows that it is genuine where he has to wait.
 *
 * @param query the URL's, as it came, without its question mark
 */
export function receive(receiver: Receiver, query: string, body: Buffer): Received | Promise<Received> {
  const { credentials, componentAppid, refusals, recent } = receiver;
  const signed = signedPart(query);
  const opened = openPush({ credentials, componentAppid, query: signed, body });
  if (!opened.ok) return refusal(refusals, opened);
  const signature = signed.msg_signature ?? '';
  const before = recent.get(signature);
  if (before !== undefined) return again(receiver, before);
  const storing = store(receiver, opened.xml, query, signed, body);
  remember(recent, signature, storing);
  return storing;
}

/** The same where it is known already that the signature does not fit, and undefined where it does. */
export function refusalOf(
  { credentials, componentAppid, refusals }: Receiver,
  query: string,
  body: Buffer,
): Received | undefined {
  const fault = faultOf({ credentials, componentAppid, query: signedPart(query), body });
  return fault && refusal(refusals, fault);
}

function refusal(refusals: Refusals, { why, detail }: NotOpened): Received {
  refusals.count(why, detail);
  return why === 'bad_signature' ? { status: 403, text: 'bad signature' } : { status: 400, text: 'unreadable' };
}

/** A push that is being stored is as good as its first copy: what that is answered, this is answered. */
async function again({ refusals }: Receiver, before: Promise<Received>): Promise<Received> {
  refusals.count('repeated', 'its msg_signature was stored before');
  const { status } = await before;
  return status === 200 ? SUCCESS : before;
}

async function store(
  receiver: Receiver,
  xml: string,
  query: string,
  { timestamp, msg_signature: signature }: SignedPart,
  body: Buffer,
): Promise<Received> {
  const { put, refusals, recent, ages, now, log } = receiver;
  const { infoType, createdAt, ticket } = sketchPush(xml);
  const isOld = ages.isOld(later(createdAt, secondsOf(timestamp)));
  if (isOld) refusals.count('old', 'it is older than three days by the clock of this machine');
  try {
    await put({ receivedAt: now(), createdAt, infoType, query, body, ticket, signature, ...(isOld && { isOld }) });
  } catch (error) {
    recent.delete(signature ?? '');
    refusals.count('not_stored', 'neither Redis nor the disk takes pushes');
    log.debug({ err: error }, 'a push could not be stored');
    return { status: 503, text: 'not stored' };
  }
  return isOld ? SUCCESS : NEW;
}

function remember(recent: Map<string, Promise<Received>>, signature: string, storing: Promise<Received>): void {
  recent.set(signature, storing);
  void storing.then(() => {
    // The promise has the push in its closure.
    if (recent.has(signature)) recent.set(signature, STORED);
  });
  if (recent.size <= MOST_RECENT) return;
  const [oldest] = recent.keys();
  if (oldest !== undefined) recent.delete(oldest);
}

/** WeChat may sign a push anew when it repeats it. */
function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function secondsOf(timestamp: string | undefined): number | undefined {
  return timestamp !== undefined && /^[1-9]\d{9}$/.test(timestamp) ? Number(timestamp) * 1000 : undefined;
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
