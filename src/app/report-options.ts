import type { Outcome } from '../domain/registration.js';
import type { Language } from '../domain/words.js';
import type { ReportOptions } from '../reporter/report.js';
import { heldBackNow } from './sending-now.js';
import type { Store } from './wiring/store.js';

/** What a report of now needs to know beside its rows. */
export async function reportOptionsOf(
  store: Pick<Store, 'calls' | 'settings' | 'redis'>,
  language: Language,
  only?: ReadonlySet<Outcome>,
): Promise<ReportOptions> {
  const now = Date.now();
  const blockedReason = await heldBackNow(store);
  return {
    language,
    only,
    blockedReason,
    timezone: store.settings.quotaTimezone,
    defaultPhone: store.settings.componentPhone,
    now,
  };
}
