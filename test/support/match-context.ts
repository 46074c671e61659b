/** What pushes are matched with: a ledger that a test plays. */
import type { Merchant } from '../../src/domain/merchant.js';
import { newRegistration, type Registration } from '../../src/domain/registration.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { MatchContext } from '../../src/events/record.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import { identify } from './ledger.js';
import { CREDENTIAL, PLATFORM } from './pushes.js';

export function snapshotOf(id: string, fields: Partial<Registration> = {}, merchant?: Merchant): Snapshot {
  return {
    registration: { ...newRegistration(id, 'b/0'), ...fields },
    version: '',
    now: 0,
    row: merchant && { line: 2, cells: [], merchant, problems: [] },
  };
}

/** A ledger that has the registrations `known`, by their tasks and Mini Programs, too. */
export function matching({
  known = [] as string[],
  tasks = {},
  appids = {},
}: {
  known?: string[];
  tasks?: Record<string, string>;
  appids?: Record<string, string>;
}): MatchContext {
  return {
    credentials: [CREDENTIAL],
    componentAppid: PLATFORM,
    ledger: {
      read: async (id) => (known.includes(id) ? snapshotOf(id) : undefined),
      ofTask: async (task) => tasks[task],
      ofAppid: async (appid) => appids[appid],
    },
    matchOf: fastregisterweapp({} as never).matchOf,
    identify,
  };
}
