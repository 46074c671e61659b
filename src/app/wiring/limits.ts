/** The call budgets, from the settings. */

import type { Limits } from '../../domain/limits.js';
import { quotaRechecksMs } from '../../domain/patience.js';
import type { Settings } from '../../settings.js';

/** With `auto`, the limit until WeChat has reported its own, or if it reports none. */
const DAILY_CALLS_UNTIL_TOLD = 1000;

export function limitsOf(settings: Settings): Limits {
  return {
    perSecond: settings.callsPerSecond,
    perMinute: settings.callsPerMinute,
    perDay: settings.dailyCalls === 'auto' ? DAILY_CALLS_UNTIL_TOLD : settings.dailyCalls,
    believeWeChat: settings.dailyCalls === 'auto',
    searchShare: settings.searchReserve,
    quotaRechecksMs: quotaRechecksMs(settings.patience),
    timezone: settings.quotaTimezone,
    sendingHours: settings.sendingHours,
    stopAfter: settings.stopAfter,
  };
}
