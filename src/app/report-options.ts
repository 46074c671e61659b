import type { Outcome } from '../domain/registration.js';
import type { Language } from '../domain/words.js';
import type { ReportOptions } from '../reporter/report.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { limitsOf } from './wiring/limits.js';
import { NO_CLIENT, registrationApi } from './wiring/registration-api.js';
import type { Store } from './wiring/store.js';

/** What a report of now needs to know beside its rows. */
export async function reportOptionsOf(
  store: Pick<Store, 'calls' | 'settings'>,
  language: Language,
  only?: ReadonlySet<Outcome>,
): Promise<ReportOptions> {
  const now = Date.now();
  const { blockedReason } = await sendingStatus(
    store.calls,
    limitsOf(store.settings),
    now,
    store.settings.wechatRegistrationApi,
  );
  const { invitation, unanswered } = registrationApi(store.settings, NO_CLIENT);
  return {
    language,
    only,
    blockedReason,
    timezone: store.settings.quotaTimezone,
    now,
    invitation,
    unanswered,
  };
}
