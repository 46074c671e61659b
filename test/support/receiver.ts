/** A receiver as `listen` has it, on a Redis and a folder of the test's own. */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { openPushIntake } from '../../src/events/push-intake.js';
import { type Recorder, startRecording } from '../../src/events/record.js';
import { openRefusals } from '../../src/events/refusals.js';
import { startReceiver } from '../../src/events/server.js';
import { openSpool } from '../../src/events/spool.js';
import { networksFrom } from '../../src/http/addresses.js';
import type { ConnectionLimits } from '../../src/http/limits.js';
import { sealTicket } from '../../src/redis/component-store.js';
import { key } from '../../src/redis/keys.js';
import { openBatches } from '../../src/redis/ledger/batches.js';
import { openLedger } from '../../src/redis/ledger/ledger.js';
import { openAuthCodes, sealAuthCode } from '../../src/redis/pushes/auth-codes.js';
import { openPushes, openPushReader } from '../../src/redis/pushes/pushes.js';
import { openVault } from '../../src/redis/vault.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import { identify } from './ledger.js';
import { CREDENTIAL, PLATFORM, type SealedRequest, TEST_VAULT } from './pushes.js';

export const PATH = '/wechat/events';
export const VAULT = openVault(Buffer.alloc(32, 7));

const NOBODY = {
  post: async () => ({ kind: 'not_sent', why: '' }) as const,
  clockAheadMs: () => 0,
  close: async () => {},
};

/** What records, on a connection that waits for Redis. */
export function recorderOn(redis: Redis, log: Logger, api: 'first' | 'successor' = 'first'): Recorder {
  const { matchOf } = api === 'first' ? fastregisterweapp(NOBODY) : fastregisterenterpriseweapp(NOBODY);
  return {
    credentials: [CREDENTIAL],
    componentAppid: PLATFORM,
    ledger: openLedger(redis),
    codes: openAuthCodes(redis),
    isShared: false,
    resultWaitMs: 120_000,
    rowAt: openBatches(redis).rowAt,
    identify,
    matchOf,
    pushes: openPushes(redis),
    epoch: () => '',
    sealAuthCode: (code, appid) => sealAuthCode(VAULT, appid, code),
    now: Date.now,
    log,
  };
}

/** The time passes after which a reader that has taken pushes counts as dead. */
export async function heldTooLong(redis: Redis, reader: string): Promise<void> {
  const held = (await redis.xpending(key('pushes'), 'ledger', '-', '+', 10)) as [string][];
  for (const [id] of held) await redis.xclaim(key('pushes'), 'ledger', reader, 0, id, 'IDLE', 10_001, 'JUSTID');
}

export interface ReceiverParts {
  /** Fails fast. */
  readonly door: Redis;
  /** Waits; without it nothing is recorded. */
  readonly redis?: Redis | undefined;
  /** Of the spool. */
  readonly folder: string;
  readonly log: Logger;
  readonly api?: 'first' | 'successor';
  readonly slowSenderMs?: number;
  readonly periodMs?: number;
  readonly limits?: Partial<ConnectionLimits>;
  /** As FASTREGISTER_EVENTS_TRUST_PROXY has it. */
  readonly trustProxy?: string;
}

export async function openReceiver(parts: ReceiverParts) {
  const { door, redis, folder, log, api, slowSenderMs = 10_000, periodMs = 60_000, limits, trustProxy } = parts;
  const pushes = openPushes(door);
  const spool = await openSpool(join(folder, 'spool'), log);
  const redisAnswers = async (): Promise<boolean> => (await door.ping().catch(() => '')) === 'PONG';
  const shelf = openPushIntake({ pushes, spool, redisAnswers, log });
  const refusals = openRefusals({ log, save: pushes.countRefusals, periodMs });
  const recording =
    redis &&
    startRecording(recorderOn(redis, log, api), openPushReader(redis, randomBytes(4).toString('hex')), shelf.isBusy);
  const server = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    path: PATH,
    canStore: shelf.canStore,
    slowSenderMs,
    ...(limits !== undefined && { limits }),
    trustedProxies: trustProxy === undefined ? undefined : networksFrom(trustProxy),
    receiver: {
      credentials: [CREDENTIAL],
      componentAppid: PLATFORM,
      put: shelf.put,
      sealTicket: (ticket) => sealTicket(TEST_VAULT, ticket),
      refusals,
      now: Date.now,
      log,
    },
  });
  return {
    port: server.port,
    pushes,
    bodies: server.bodies,
    refusals,
    isReady: server.isReady,
    async close() {
      await server.close();
      refusals.close();
      await shelf.close();
      await recording?.stop();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const AGENT = new Agent({ keepAlive: true, maxSockets: 64 });

/** One POST; status 0 where the connection was cut. */
export function post(port: number, { query, body }: SealedRequest, path = PATH): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: `${path}?${query}`,
        agent: AGENT,
        headers: { 'content-type': 'text/xml' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', () => resolve({ status: 0, text: '' }));
      },
    );
    sent.on('error', () => resolve({ status: 0, text: '' }));
    sent.end(body);
  });
}
