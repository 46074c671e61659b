/** Everything that keeps fastregister from sending, as findings with what to do. */
import { claimLedger } from '../../redis/ledger/identity.js';
import { openCaller } from '../wiring/caller.js';
import { ledgerIdentityOf } from '../wiring/identity.js';
import type { LedgerUse, Store } from '../wiring/store.js';
import { checkAddresses } from './addresses.js';
import { checkApi, checkContactPhone, checkPermissionSets } from './api.js';
import { checkClocks } from './clocks.js';
import type { Finding } from './finding.js';
import { checkHome, checkModeOfHome } from './home.js';
import { checkDay, checkLine } from './line.js';
import { checkNotices } from './notices.js';
import { checkProcesses } from './processes.js';
import { checkQuota } from './quota.js';
import { checkEviction, checkPersistence, checkRedis, checkWrites } from './redis.js';
import { checkSettingsInUse } from './settings.js';
import { checkTicket, checkToken } from './token.js';

/** Nothing about a merchant is sent. */
export async function examine(open: (use: LedgerUse) => Promise<Store>): Promise<Finding[]> {
  const { store, findings } = await checkRedis(open);
  if (store === undefined) return findings;
  const writes = await checkWrites(store);
  return [...findings, ...writes, ...(await checkServer(store)), ...(await checkWechat(store, writes.length === 0))];
}

/** The same of a process that runs, with its settings and on its connection. */
export async function examineHere(store: Store): Promise<Finding[]> {
  const found = await examine(async (use) => {
    if (use === 'make') await claimLedger(store.redis, ledgerIdentityOf(store.settings));
    return store;
  });
  return [...checkSettingsInUse(store.settings), checkHome(store.settings), ...found];
}

async function checkServer(store: Store): Promise<Finding[]> {
  return [
    ...checkModeOfHome(store.settings),
    await checkPersistence(store),
    ...(await checkEviction(store)),
    ...(await checkProcesses(store)),
    ...(await checkNotices(store)),
  ];
}

async function checkWechat(store: Store, takesWrites: boolean): Promise<Finding[]> {
  const caller = openCaller(store);
  try {
    const { clock, redisClock } = await checkClocks(store);
    const addresses = checkAddresses(store.settings);
    const line = [await checkLine(store), ...(await checkDay(store))];
    const api = [await checkApi(store, caller), ...checkContactPhone(store, caller)];
    const permissions = await checkPermissionSets(store);
    // Where WeChat cannot be reached, or a token not be kept, ticket and token would only say so again.
    if (clock.check === 'WeChat' || !takesWrites)
      return [clock, redisClock, ...addresses, ...line, ...api, permissions];
    const credential = await caller.credentials.current();
    const ticket = await checkTicket(store.settings, caller);
    return [
      clock,
      redisClock,
      ...addresses,
      ...line,
      ...api,
      permissions,
      ticket,
      checkToken(credential, { timezone: store.settings.quotaTimezone }),
      await checkQuota(store, caller, credential),
    ];
  } finally {
    await caller.close();
  }
}
