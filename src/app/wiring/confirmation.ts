import { type Confirmation, openConfirmation, refuseUnconfirmable } from '../../redis/confirmation.js';
import type { Role } from '../../redis/server/connection.js';
import type { Store } from './store.js';

const NOTHING_TO_CONFIRM: Confirmation = { confirm: async () => true };

/** @throws RedisMisconfigured where this Redis cannot wait as it is asked to */
export async function confirmationOf({ settings, connect: another }: Store, role: Role): Promise<Confirmation> {
  const { redisWait, patience } = settings;
  if (redisWait === 'none') return NOTHING_TO_CONFIRM;
  const redis = await another(role);
  await refuseUnconfirmable(redis, redisWait);
  return openConfirmation(redis, redisWait, patience.redisWaitMs);
}
