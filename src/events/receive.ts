/** One push, without HTTP: verify → decrypt → store → answer. The recorder (record.ts) reads it afterwards. */
import type { Logger } from 'pino';
import type { ReceivedPush } from '../domain/push.js';
import { type NotOpened, openPush, type PushCredential } from '../wechat/crypt.js';
import { sketchPush } from '../wechat/push.js';
import { type Ages, openAges } from './age.js';
import { openRecent, type Recent } from './recent.js';
import type { Refusals } from './refusals.js';

export interface ReceiverOptions {
  /** The current credential first, then the previous one. */
  readonly credentials: readonly PushCredential[];
  readonly componentAppid: string;
  /** The push is stored when this resolves; throws if it could not be stored. */
  readonly put: (push: ReceivedPush) => Promise<void>;
  /** A verify ticket is kept sealed, in Redis and on disk. */
  readonly sealTicket: (ticket: string) => string;
  readonly refusals: Refusals;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Receiver extends ReceiverOptions {
  readonly ages: Ages;
  readonly recent: Recent;
}

export interface Received {
  readonly status: 200 | 400 | 403 | 503;
  readonly text: string;
  /** As whose connection the sender's stays open after the answer; undefined: it is closed. */
  readonly keep: 'known' | 'stranger' | undefined;
}

/** WeChat accepts only this literal as a receipt. */
const SUCCESS: Received = { status: 200, text: 'success', keep: 'stranger' };
/** Never seen before, so only WeChat, or something between WeChat and us, can have sent it. */
const NEW: Received = { ...SUCCESS, keep: 'known' };
const NOT_STORED: Received = { status: 503, text: 'not stored', keep: undefined };
const BAD_SIGNATURE: Received = { status: 403, text: 'bad signature', keep: undefined };
const UNREADABLE: Received = { status: 400, text: 'unreadable', keep: undefined };
const FAILED = Promise.resolve(NOT_STORED);

/** 3 MB. */
const MOST_RECENT = 20_000;

export function openReceiver(options: ReceiverOptions): Receiver {
  return { ...options, ages: openAges(options.now), recent: openRecent(MOST_RECENT) };
}

/**
 * Answers at once where the push is refused, so that an answer that takes longer means that the push is genuine.
 *
 * @param query the URL's, as it came, without its question mark
 */
export function receive(receiver: Receiver, query: string, body: Buffer): Received | Promise<Received> {
  const { credentials, componentAppid, refusals, recent } = receiver;
  const signed = signedPart(query);
  const opened = openPush({ credentials, componentAppid, query: signed, body });
  if (!opened.ok) return refusal(refusals, opened);
  const { message, signature } = opened;
  const before = recent.get(signature);
  if (before !== undefined) return again(receiver, before);
  try {
    return store(receiver, message, query, signed.timestamp, signature, body);
  } catch (error) {
    receiver.log.error({ err: error }, 'the receiver failed');
    return FAILED;
  }
}

function refusal(refusals: Refusals, { why, detail }: NotOpened): Received {
  refusals.count(why, detail);
  return why === 'bad_signature' ? BAD_SIGNATURE : UNREADABLE;
}

/** A repetition of a push that is still being stored waits, and gets the same answer. */
function again({ refusals }: Receiver, before: Promise<void>): Promise<Received> {
  refusals.count('repeated', 'its msg_signature was stored before');
  return before.then(
    () => SUCCESS,
    () => NOT_STORED,
  );
}

function store(
  receiver: Receiver,
  message: Buffer,
  query: string,
  timestamp: string | undefined,
  signature: string,
  body: Buffer,
): Promise<Received> {
  const { put, refusals, recent, ages, now } = receiver;
  const { infoType, createdAt, ticket: plain } = sketchPush(message);
  const ticket = plain && receiver.sealTicket(plain);
  const isOld = ages.isOld(later(createdAt, signedAt(timestamp, now())));
  if (isOld) refusals.count('old', 'it is older than three days by the clock of this machine');
  const stored = put({ receivedAt: now(), createdAt, infoType, query, body, ticket, signature, isOld });
  // Pushes that are stored together share this promise: it takes no memory for each, and keeps none of them.
  recent.set(signature, stored);
  return stored.then(isOld ? asBefore : asNew, (error) => notStored(receiver, signature, error));
}

const asBefore = (): Received => SUCCESS;
const asNew = (): Received => NEW;

function notStored({ refusals, recent, log }: Receiver, signature: string, error: unknown): Received {
  recent.forget(signature);
  refusals.count('not_stored', 'neither Redis nor the disk takes pushes');
  log.debug({ err: error }, 'a push could not be stored');
  return NOT_STORED;
}

/** WeChat may sign a push anew when it repeats it. */
function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

/** WeChat's clock, or ours, may be wrong by so much. */
const MOST_AHEAD_MS = 3_600_000;

/**
 * The signature covers timestamp and nonce joined, not which is which: with the two exchanged, a captured push stays validly signed
 * and may bear a time to come. Then only its CreateTime counts; where our clock is behind, that is no reason to call it old.
 */
function signedAt(timestamp: string | undefined, now: number): number | undefined {
  if (timestamp === undefined || !/^[1-9]\d{9}$/.test(timestamp)) return undefined;
  const at = Number(timestamp) * 1000;
  return at > now + MOST_AHEAD_MS ? undefined : at;
}

export interface SignedPart {
  readonly timestamp: string | undefined;
  readonly nonce: string | undefined;
  readonly msg_signature: string | undefined;
}

/** The parameters of a URL's query that the signature covers. */
export function signedPart(query: string): SignedPart {
  // WeChat's query has no escapes, and a parser of every parameter takes ten times as long.
  const get = /[%+]/.test(query) ? decoded : plainly;
  return {
    timestamp: get(query, '&timestamp='),
    nonce: get(query, '&nonce='),
    msg_signature: get(query, '&msg_signature='),
  };
}

function decoded(query: string, parameter: string): string | undefined {
  return new URLSearchParams(query).get(parameter.slice(1, -1)) ?? undefined;
}

/** The first parameter of that name. */
function plainly(query: string, parameter: string): string | undefined {
  const isFirst = query.startsWith(parameter.slice(1));
  const at = isFirst ? -1 : query.indexOf(parameter);
  if (at < 0 && !isFirst) return undefined;
  const from = at + parameter.length;
  const end = query.indexOf('&', from);
  return end < 0 ? query.slice(from) : query.slice(from, end);
}
