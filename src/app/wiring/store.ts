/** The ledger and what belongs to it, opened for one process. */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type IdentifyInLedger, identifyWith } from '../../domain/merchant.js';
import { type Calls, openCalls } from '../../redis/calls.js';
import { type Batches, openBatches } from '../../redis/ledger/batches.js';
import { claimLedger, compareLedger, nameLedger } from '../../redis/ledger/identity.js';
import { type Ledger, openLedger } from '../../redis/ledger/ledger.js';
import { keyIn } from '../../redis/ledger/ledger-key.js';
import { guardAgainstLoss, type LossGuard } from '../../redis/ledger/loss.js';
import { openWorkload, type Workload } from '../../redis/ledger/workload.js';
import { checkServer } from '../../redis/server/check-server.js';
import { type Address, connect, type Role } from '../../redis/server/connection.js';
import { joinPrivateServer } from '../../redis/server/private-server.js';
import type { Settings } from '../../settings.js';
import { keyOfNewLedger, ledgerIdentityOf, ledgerNameOf } from './identity.js';
import { startNotifying } from './notifying.js';
import { type Part, sharedPart } from './part.js';
import { vaultOf } from './vault.js';

/** The ledger and what belongs to it, over one connection. */
export interface Store {
  readonly redis: Redis;
  readonly ledger: Ledger;
  readonly batches: Batches;
  readonly calls: Calls;
  readonly workload: Workload;
  /** The ledger was made just now. */
  readonly isNew: boolean;
  /** The registration of an enterprise, by its code. */
  readonly identify: IdentifyInLedger;
  readonly settings: Settings;
  readonly log: Logger;
  /** How the receiver is, where this process has one: /readyz of the console says the same. */
  readonly receiver: { isReady?: () => Promise<boolean> };
  /** What this process does against a Redis that forgets; made by the first part that needs it. */
  readonly lossGuard: () => Promise<LossGuard>;
  /** Posts notices to people, and looks whether a worker is missing, until as many have said that they leave as have begun. */
  readonly notifying: () => Promise<Part>;
  /** A further connection; closed with the store. */
  connect(role: Role): Promise<Redis>;
  close(): Promise<void>;
}

/**
 * `make`: one that is not there is made. `compare`: it is only read, and has to be there. `any`: also one of another platform;
 * only a caller that compares platforms itself asks for it.
 */
export type LedgerUse = 'make' | 'compare' | 'any';

/**
 * @param leaving see `connect`
 * @throws RedisUnreachable, RedisMisconfigured, LedgerMismatch; LedgerMissing where it is only compared
 */
export async function openStore(
  settings: Settings,
  log: Logger,
  role: Role,
  leaving?: AbortSignal,
  use: LedgerUse = 'make',
): Promise<Store> {
  nameLedger(settings.ledger);
  const server = await reachServer(settings, log);
  const connections: Redis[] = [];
  const connectTo = async (to: Role, until?: AbortSignal): Promise<Redis> => {
    const redis = await connect(server.address, to, log, until);
    connections.push(redis);
    return redis;
  };
  let guarding: Promise<LossGuard> | undefined;
  const close = async (): Promise<void> => {
    await (await guarding?.catch(() => undefined))?.close();
    for (const redis of connections) redis.disconnect();
    await server.leave();
  };
  try {
    const redis = await connectTo(role, leaving);
    if (settings.redisUrl !== undefined) {
      for (const warning of await checkServer(redis)) log.warn({}, warning);
    }
    const notifying = sharedPart(() => startNotifying(connectTo, settings, log));
    const identity = ledgerIdentityOf(settings);
    if (use === 'compare') await compareLedger(redis, identity);
    const isNew = use === 'make' && (await claimLedger(redis, identity));
    const ledgerKey = await keyIn(redis, () => keyOfNewLedger(settings));
    // The secret key of a private Redis may have been made for it. Otherwise the next command, which may only read, would write.
    if (isNew) await claimLedger(redis, ledgerIdentityOf(settings));
    return {
      redis,
      ledger: openLedger(redis),
      batches: openBatches(redis),
      calls: openCalls(redis),
      workload: openWorkload(redis),
      identify: identifyWith(ledgerKey),
      isNew,
      settings,
      log,
      receiver: {},
      lossGuard: () => {
        guarding ??= startGuarding(connectTo, settings, ledgerKey, log);
        return guarding;
      },
      notifying,
      connect: (to) => connectTo(to),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startGuarding(
  connectTo: (role: Role) => Promise<Redis>,
  settings: Settings,
  keyRead: string,
  log: Logger,
): Promise<LossGuard> {
  return guardAgainstLoss({
    redis: await connectTo('background'),
    home: settings.home,
    vault: vaultOf(settings),
    isPrivate: settings.redisUrl === undefined,
    identity: ledgerIdentityOf(settings),
    ledgerName: ledgerNameOf(settings),
    keyRead,
    permitMs: settings.patience.requestTimeoutMs,
    now: Date.now,
    log,
  });
}

async function reachServer(settings: Settings, log: Logger): Promise<{ address: Address; leave: () => Promise<void> }> {
  if (settings.redisUrl !== undefined) return { address: { url: settings.redisUrl }, leave: async () => {} };
  const { socketPath, leave } = await joinPrivateServer({ home: settings.home, log });
  return { address: { socketPath }, leave };
}
