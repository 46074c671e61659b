import type { Limits } from '../../src/domain/limits.js';

/** As an operator may have set them. */
export const LIMITS: Limits = {
  perSecond: 5,
  perMinute: 120,
  perDay: 1_000,
  timezone: 'Asia/Shanghai',
  sendingHours: { fromMinute: 0, untilMinute: 1440 },
  stopAfter: 20,
  believeWeChat: false,
  searchShare: 0.1,
  quotaRechecksMs: [60_000, 300_000, 900_000, 3_600_000],
};
