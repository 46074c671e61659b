/**
 * Notices on their way to other programs and to chats: in order within an ordering key, repeated until they are
 * accepted. A notice stays in Redis until its receiver has accepted it, so a restart loses none and may repeat one:
 * receivers recognise it by its id.
 */
import type { Logger } from 'pino';
import { Agent } from 'undici';
import { type Destination, LONGEST_NOTICE_PAUSE_MS, type Notice, type TakenNotice } from '../domain/notice.js';
import type { Notices } from '../redis/notices.js';
import type { WakeupChannel } from '../redis/wakeup-channel.js';
import { sleep } from '../sleep.js';
import { type Chat, MOST_JOINED, postToChat } from './chat.js';
import type { Posted, PostTools } from './posting.js';
import { PACE_MS } from './robots.js';
import { postWebhook, type Webhook } from './webhook.js';

export type DeliveryTarget = Webhook | Chat;

export function isChat(target: DeliveryTarget): target is Chat {
  return 'robot' in target;
}

export interface DeliveryOptions {
  readonly notices: Pick<Notices, 'take' | 'done' | 'postpone'>;
  readonly wakeupChannel: WakeupChannel;
  readonly destinations: { readonly [name in Destination]?: DeliveryTarget | undefined };
  /** FASTREGISTER_WEBHOOK_SECRET */
  readonly secret: string;
  readonly requestTimeoutMs: number;
  /** The first pause after a failure; doubled from then on. */
  readonly firstPauseMs?: number;
  /** Between two messages to one chat. */
  readonly paceMs?: number;
  readonly log: Logger;
}

export interface Delivering {
  /** Posts what is due and ends; what is not taken at once is kept for the next process. */
  close(): Promise<void>;
}

/** Posts in flight to one destination. */
const AT_ONCE = 4;

const FIRST_PAUSE_MS = 1_000;

/** After three days of failed posts, the owner of the address is assumed not to want the notice. */
const GIVE_UP_MS = 3 * 86_400_000;

/** A wakeup can be lost; the longest sleep without one. */
const LOOK_EVERY_MS = 15_000;

/** Shutdown has 25 s for everything. What was just queued for a chat is gathered first, and kept apart from the message before. */
const LAST_ROUND_MS = 3_000;
const LAST_ROUND_OF_A_CHAT_MS = 6_000;

/** Longer than a post takes: an ordering key whose process died is free again after it. */
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

/** What became of the first `count` notices that were taken together. */
type Settled = Posted & { readonly count: number; readonly quietMs: number };

/** What is posted at once: one notice to a program; as many as fit into a message to a chat. */
export async function postOnce(
  target: DeliveryTarget,
  notices: readonly [Notice, ...Notice[]],
  secret: string,
  paceMs: number,
  tools: PostTools,
): Promise<Settled> {
  if (!isChat(target)) return { ...(await postWebhook(target, notices[0], secret, tools)), count: 1, quietMs: 0 };
  const posted = await postToChat(target, notices, Date.now(), tools);
  return { ...posted, quietMs: posted.isSilent ? 0 : paceMs };
}

function startDeliveryWorker(
  destination: Destination,
  target: DeliveryTarget,
  agent: Agent,
  options: DeliveryOptions,
): Delivering {
  const { notices, wakeupChannel, secret, requestTimeoutMs, log } = options;
  const { firstPauseMs = FIRST_PAUSE_MS, paceMs = PACE_MS } = options;
  const pauseAfter = (tries: number): number =>
    Math.min(firstPauseMs * 2 ** Math.min(tries, 30), LONGEST_NOTICE_PAUSE_MS);
  let woken = new AbortController();
  const leaving = new AbortController();
  let stopBy = Number.POSITIVE_INFINITY;
  const stopped = (): boolean => stopBy !== Number.POSITIVE_INFINITY;
  /** Failures in a row that are the destination's: all its ordering keys wait together. */
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
        const most = isChat(target) ? MOST_JOINED : 1;
        const taken = await notices.take(destination, requestTimeoutMs + LEASE_MARGIN_MS, most);
        if (typeof taken === 'number') {
          // A night under cron has ended: no other process would post it before the next night.
          if (stopped() && !(isChat(target) && Date.now() + taken < stopBy)) return;
          await (stopped() ? sleep(taken, leaving.signal) : pause(taken));
        } else {
          const tools = { agent, requestTimeoutMs, leaving: leaving.signal };
          await settle(taken, await postOnce(target, [taken.notice, ...taken.others], secret, paceMs, tools));
        }
      } catch (error) {
        // Redis is unavailable. The notice stays in Redis, and its ordering key is free again when its lease ends.
        if (stopped()) return;
        log.warn({ err: error, destination }, 'notices cannot be delivered now; trying again');
        await pause(FIRST_PAUSE_MS);
      }
    }
  }

  async function settle(taken: TakenNotice, posted: Settled): Promise<void> {
    const { count, quietMs } = posted;
    // Not by its age: an event of a time in which no process could post is still news. What was queued after the first failed
    // post has three days of its own.
    const isGivenUp = !posted.taken && taken.triedForMs > GIVE_UP_MS;
    const settled = isGivenUp ? Math.min(count, taken.firstCount) : count;
    const joined = settled > 1 ? { joined: settled } : {};
    const facts = {
      destination,
      orderingKey: taken.orderingKey,
      notice: taken.notice.id,
      type: taken.notice.type,
      ...joined,
    };
    if (posted.taken) {
      downFor = 0;
      await notices.done(destination, taken, count, quietMs);
      log.info(facts, 'notice delivered');
      return;
    }
    if (posted.isDown && Date.now() >= downUntil) {
      downUntil = Date.now() + pauseAfter(downFor);
      downFor += 1;
    }
    const failure = { ...facts, why: posted.why, tries: taken.tries + 1, err: posted.fault };
    if (isGivenUp) {
      if (await notices.done(destination, taken, settled, quietMs)) log.error(failure, 'a notice is given up');
      return;
    }
    const pauseMs = Math.max(pauseAfter(taken.tries), posted.pauseMs ?? 0);
    await notices.postpone(destination, taken, { count, pauseMs, quietMs, why: posted.why });
    if (posted.fault === undefined) log.warn(failure, 'a notice was not taken; it is posted again');
    else log.error(failure, 'a notice could not be written; it is tried again');
  }

  const running = Array.from({ length: AT_ONCE }, deliver);
  return {
    async close() {
      const lastRoundMs = isChat(target) ? LAST_ROUND_OF_A_CHAT_MS : LAST_ROUND_MS;
      stopBy = Date.now() + lastRoundMs;
      const late = setTimeout(() => leaving.abort(), lastRoundMs);
      unhook();
      wake();
      await Promise.all(running);
      clearTimeout(late);
    },
  };
}
