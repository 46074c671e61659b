/** What the ledger was made for: platform, address of WeChat, secret key. */
import { adoptLedger, differencesOf } from '../redis/ledger/identity.js';
import { ledgerIdentityOf } from './wiring/identity.js';
import type { Store } from './wiring/store.js';

/** Where the settings give something else than the ledger has. */
export async function ledgerDifferences({
  redis,
  settings,
}: Pick<Store, 'redis' | 'settings'>): Promise<Awaited<ReturnType<typeof differencesOf>>> {
  return differencesOf(redis, ledgerIdentityOf(settings));
}

/** The ledger takes over what the settings give. */
export async function adopt({ redis, settings }: Pick<Store, 'redis' | 'settings'>): Promise<void> {
  await adoptLedger(redis, ledgerIdentityOf(settings));
}
