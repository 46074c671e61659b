/** What a row has come to, as people read it; programs and English reports have the machine's word. */
import type { Outcome } from './registration.js';
import type { Words } from './words.js';

export const OUTCOMES = {
  created: { en: 'created', zh: '已创建' },
  already_created: { en: 'already created', zh: '此前已创建' },
  duplicate: { en: 'duplicate', zh: '重复' },
  invalid: { en: 'invalid', zh: '表格有误' },
  rejected: { en: 'rejected', zh: '微信未通过' },
  expired: { en: 'expired', zh: '已过期' },
  needs_review: { en: 'to be reviewed', zh: '需人工核实' },
  cancelled: { en: 'cancelled', zh: '已撤回' },
  pending: { en: 'pending', zh: '处理中' },
} as const satisfies Record<Outcome, Words>;

/** In the order in which they are listed. */
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as readonly Outcome[];
