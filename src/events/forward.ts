/**
 * Relays stored pushes to the platform's other service, byte for byte and with their query, so that the service verifies
 * them as if WeChat had sent them. Pushes are relayed one after the other, after the answer to WeChat and never before it.
 * They are read from the stream, so a restarted process goes on where the last one stopped, and may repeat its last push.
 */
import type { Logger } from 'pino';
import { Pool } from 'undici';
import type { RelayOutcome, StoredPush } from '../domain/push.js';
import type { PushRelay } from '../redis/pushes/push-relay.js';
import { sleep } from '../sleep.js';
import { type MatchContext, match, openStored } from './record.js';

export interface ForwardOptions {
  readonly relay: PushRelay;
  readonly matching: MatchContext;
  readonly url: string;
  /** `others`: all pushes but those about registrations of ours. The ticket is for both services. */
  readonly what: 'others' | 'all';
  readonly requestTimeoutMs: number;
  /** The first pause after a failure; doubled from then on. */
  readonly firstPauseMs?: number;
  /** How long a push is posted again to a service that is up and refuses it. */
  readonly refusedForMs?: number;
  readonly log: Logger;
}

export interface Forwarding {
  /** Ends after the post in flight. */
  close(): Promise<void>;
}

const BLOCK_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const LOOK_FOR_LEASE_EVERY_MS = 5_000;

/** If the service cannot process one push, or one kind of push, it must still get tickets, which live 12 hours. */
const REFUSED_FOR_MS = 15 * 60_000;
const TICKET = 'component_verify_ticket';

/** Statuses that mean that the service, or the proxy before it, is unavailable. */
const DOWN: readonly number[] = [408, 429, 502, 503, 504];

function isAccepted(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

export function startForwarding(options: ForwardOptions): Forwarding {
  const { relay, url, what, requestTimeoutMs, log } = options;
  const { firstPauseMs = FIRST_PAUSE_MS, refusedForMs = REFUSED_FOR_MS } = options;
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections: 1, connect: { timeout: requestTimeoutMs } });
  const leaving = new AbortController();
  /** The InfoTypes that the service refuses while it accepts tickets: one try for each of these pushes. */
  const refusedTypes = new Set<string>();
  /** The ticket that the service accepted last. */
  let ticket: StoredPush | undefined;

  /** The status that the service answered; undefined if it is unavailable. */
  async function post({ query, body }: StoredPush): Promise<number | undefined> {
    try {
      const response = await pool.request({
        method: 'POST',
        path: `${pathname}${search === '' ? '?' : `${search}&`}${query}`,
        headers: { 'content-type': 'text/xml' },
        body,
        signal: AbortSignal.any([AbortSignal.timeout(requestTimeoutMs), leaving.signal]),
      });
      await response.body.dump();
      return DOWN.includes(response.statusCode) ? undefined : response.statusCode;
    } catch {
      // No connection, or no answer in time.
      return undefined;
    }
  }

  /** A service that refuses everything has a fault of its own. Its last ticket is posted again, or else a ticket among the next pushes. */
  async function acceptsTickets(): Promise<boolean> {
    const posted = ticket ?? (await relay.next(1))?.find(({ infoType }) => infoType === TICKET);
    if (posted === undefined || !isAccepted(await post(posted))) return false;
    ticket = posted;
    return true;
  }

  /** Whether a refused push is not posted again: after one try if its type is known to be refused. */
  async function isRefusedForGood(infoType: string, refusedSince: number): Promise<boolean> {
    if (refusedTypes.has(infoType)) return true;
    if (Date.now() - refusedSince < refusedForMs) return false;
    if (await acceptsTickets()) refusedTypes.add(infoType);
    else refusedTypes.clear();
    return true;
  }

  /** Posts the push until it is accepted, or refused for good; undefined if this process ends first, or another process relays from now on. */
  async function relayOne(push: StoredPush): Promise<RelayOutcome | undefined> {
    // `acceptsTickets` has posted it already.
    if (push.id === ticket?.id) return 'relayed';
    const { infoType } = push;
    const facts = { push: push.id, infoType };
    let refusedSince: number | undefined;
    for (let tries = 0; !leaving.signal.aborted; tries += 1) {
      const status = await post(push);
      if (isAccepted(status)) {
        refusedTypes.delete(infoType);
        if (infoType === TICKET) ticket = push;
        return 'relayed';
      }
      if (leaving.signal.aborted) break;
      if (status !== undefined) {
        refusedSince ??= Date.now();
        if (await isRefusedForGood(infoType, refusedSince)) {
          log.error({ ...facts, status }, "a push is not relayed: the platform's other service refuses it");
          return 'not_relayed';
        }
      }
      if (tries === 0)
        log.warn({ ...facts, status }, "the platform's other service does not take a push; trying again");
      const until = Date.now() + Math.min(firstPauseMs * 2 ** Math.min(tries, 30), LONGEST_PAUSE_MS);
      while (Date.now() < until && !leaving.signal.aborted) {
        await sleep(Math.min(until - Date.now(), LOOK_FOR_LEASE_EVERY_MS), leaving.signal);
        if (!(await relay.holds())) return undefined;
      }
    }
    return undefined;
  }

  /** A parked push that is matched again was relayed before. */
  async function isForTheOther(push: StoredPush): Promise<boolean> {
    if (push.entry !== push.id) return false;
    if (what === 'all') return true;
    return (await match(options.matching, openStored(options.matching, push))).kind !== 'fact';
  }

  const running = (async () => {
    while (!leaving.signal.aborted) {
      try {
        const pushes = await relay.next(BLOCK_MS);
        if (pushes === undefined) await sleep(LOOK_FOR_LEASE_EVERY_MS, leaving.signal);
        for (const push of pushes ?? []) {
          const isFor = await isForTheOther(push);
          const outcome = isFor ? await relayOne(push) : undefined;
          if (isFor && outcome === undefined) break;
          await relay.passed(push, outcome);
        }
      } catch (error) {
        if (leaving.signal.aborted) return;
        log.warn({ err: error }, 'pushes cannot be relayed now; trying again');
        await sleep(FIRST_PAUSE_MS, leaving.signal);
      }
    }
  })();

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    leaving.abort();
    await relay.close().catch(() => {});
    await running;
    await pool.close();
  }
  return {
    close() {
      closed ??= close();
      return closed;
    },
  };
}
