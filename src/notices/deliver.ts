/**
 * Notices on their way to other programs: signed, in order within a lane, repeated until they are taken. A notice stays
 * in Redis until its receiver answered 2xx, so a restart loses none and may repeat one: receivers tell by its id.
 *
 * Headers and signature are those of the Standard Webhooks specification (standardwebhooks.com), which has libraries in
 * most languages; docs/webhooks.md shows how to verify without one.
 */
import { createHmac } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { Agent, request } from 'undici';
import type { Destination, Notice, TakenNotice } from '../domain/notice.js';
import { type Notices, openNotices } from '../redis/notices.js';
import { isRedisGone } from '../redis/server/connection.js';
import type { WakeupChannel } from '../redis/wakeup-channel.js';
import { sleep } from '../sleep.js';

export interface DeliveryTarget {
  readonly url: string;
  /** What is too secret to be kept in a notice is added when it is posted. */
  readonly complete?: (data: Notice['data']) => Promise<Notice['data']>;
}

export interface DeliveryOptions {
  readonly redis: Redis;
  readonly wakeupChannel: WakeupChannel;
  readonly destinations: { readonly [name in Destination]?: DeliveryTarget | undefined };
  /** FASTREGISTER_WEBHOOK_SECRET */
  readonly secret: string;
  readonly requestTimeoutMs: number;
  /** The first pause after a failure; doubled from then on. */
  readonly firstPauseMs?: number;
  readonly log: Logger;
}

export interface Delivering {
  /** Posts what is due and ends; what is not taken at once is kept for the next process. */
  close(): Promise<void>;
}

/** Posts in flight to one destination. */
const AT_ONCE = 4;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

/** After three days of trying, whoever runs that address does not want it. */
const GIVE_UP_MS = 3 * 86_400_000;

/** A wakeup can be lost; the longest sleep without one. */
const LOOK_EVERY_MS = 15_000;

/** Shutdown has 25 s for everything. */
const LAST_ROUND_MS = 3_000;

/** Longer than a post takes: a lane whose process died is open again after it. */
const LEASE_MARGIN_MS = 30_000;

export function startDelivering(options: DeliveryOptions): Delivering {
  const agent = new Agent({ connections: AT_ONCE });
  const deliveryWorkers = Object.entries(options.destinations).flatMap(([name, target]) =>
    target === undefined ? [] : [startDeliveryWorker(name as Destination, target, agent, options)],
  );
  let closed: Promise<void> | undefined;
  return {
    close() {
      closed ??= Promise.all(deliveryWorkers.map((deliveryWorker) => deliveryWorker.close())).then(() => agent.close());
      return closed;
    },
  };
}

type Posted =
  | { readonly taken: true }
  | { readonly taken: false; readonly why: string; readonly isDown: boolean; readonly fault?: unknown };

function startDeliveryWorker(
  destination: Destination,
  target: DeliveryTarget,
  agent: Agent,
  { redis, wakeupChannel, secret, requestTimeoutMs, firstPauseMs = FIRST_PAUSE_MS, log }: DeliveryOptions,
): Delivering {
  const notices: Notices = openNotices(redis);
  const pauseAfter = (tries: number): number => Math.min(firstPauseMs * 2 ** Math.min(tries, 30), LONGEST_PAUSE_MS);
  let woken = new AbortController();
  const leaving = new AbortController();
  let stopBy = Number.POSITIVE_INFINITY;
  const stopped = (): boolean => stopBy !== Number.POSITIVE_INFINITY;
  /** Failures in a row that are the destination's, whichever the lane: all lanes wait for it together. */
  let downFor = 0;
  let downUntil = 0;

  function wake(): void {
    woken.abort();
    woken = new AbortController();
  }

  const unhook = wakeupChannel.on('notice', wake);

  async function pause(ms: number): Promise<void> {
    if (!stopped()) await sleep(Math.min(ms, LOOK_EVERY_MS), woken.signal);
  }

  async function deliver(): Promise<void> {
    while (Date.now() < stopBy) {
      const downMs = downUntil - Date.now();
      if (downMs > 0) {
        if (stopped()) return;
        await pause(downMs);
        continue;
      }
      try {
        const taken = await notices.take(destination, requestTimeoutMs + LEASE_MARGIN_MS);
        if (typeof taken === 'number') {
          if (stopped()) return;
          await pause(taken);
        } else
          await settle(
            taken,
            await post(target, taken.notice, { agent, secret, requestTimeoutMs, leaving: leaving.signal }),
          );
      } catch (error) {
        // Redis is away. What was taken is kept, and its lane opens again when its lease ends.
        if (stopped()) return;
        log.warn({ err: error, destination }, 'notices cannot be delivered now; trying again');
        await pause(FIRST_PAUSE_MS);
      }
    }
  }

  async function settle(taken: TakenNotice, posted: Posted): Promise<void> {
    const facts = { destination, lane: taken.lane, notice: taken.notice.id, type: taken.notice.type };
    if (posted.taken) {
      downFor = 0;
      await notices.done(destination, taken);
      log.info(facts, 'notice delivered');
      return;
    }
    if (posted.isDown && Date.now() >= downUntil) {
      downUntil = Date.now() + pauseAfter(downFor);
      downFor += 1;
    }
    const failure = { ...facts, why: posted.why, tries: taken.tries + 1, err: posted.fault };
    // Not by its age: what happened while nobody was there to post it is news still.
    if (taken.triedForMs > GIVE_UP_MS) {
      await notices.done(destination, taken);
      log.error(failure, 'a notice is given up');
      return;
    }
    await notices.postpone(destination, taken, pauseAfter(taken.tries));
    if (posted.fault === undefined) log.warn(failure, 'a notice was not taken; it is posted again');
    else log.error(failure, 'a notice could not be written; it is tried again');
  }

  const running = Array.from({ length: AT_ONCE }, deliver);
  return {
    async close() {
      stopBy = Date.now() + LAST_ROUND_MS;
      const late = setTimeout(() => leaving.abort(), LAST_ROUND_MS);
      unhook();
      wake();
      await Promise.all(running);
      clearTimeout(late);
    },
  };
}

interface PostTools {
  readonly agent: Agent;
  readonly secret: string;
  readonly requestTimeoutMs: number;
  readonly leaving: AbortSignal;
}

async function post(target: DeliveryTarget, notice: Notice, tools: PostTools): Promise<Posted> {
  let body: string;
  try {
    body = await written(target, notice);
  } catch (fault) {
    if (isRedisGone(fault)) throw fault;
    // Ours, such as a wrong secret key: the receiver is not to blame, and other lanes go on.
    return { taken: false, why: 'our program failed', isDown: false, fault };
  }
  return send(target.url, notice.id, body, tools);
}

async function written({ complete }: DeliveryTarget, { type, at, data }: Notice): Promise<string> {
  const whole = (await complete?.(data)) ?? data;
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: whole });
}

async function send(
  url: string,
  id: string,
  body: string,
  { agent, secret, requestTimeoutMs, leaving }: PostTools,
): Promise<Posted> {
  try {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const response = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'fastregister',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatureOf(secret, id, timestamp, body),
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(requestTimeoutMs), leaving]),
    });
    await response.body.dump();
    const { statusCode } = response;
    if (statusCode >= 200 && statusCode < 300) return { taken: true };
    return { taken: false, why: `HTTP ${statusCode}`, isDown: statusCode >= 500 || statusCode === 429 };
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException;
    return { taken: false, why: name === 'TimeoutError' ? 'no answer in time' : (code ?? name), isDown: true };
  }
}

/** `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`; the key is the secret's bytes, or what stands in Base64 after `whsec_`. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const bytes = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return `v1,${createHmac('sha256', bytes).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
