/** What /metrics says beside the overview. It is asked for every few seconds, so it reads counts, and never every batch. */

import type { Counts } from '../domain/batch.js';
import { REMIND_BEFORE_MS } from '../domain/link.js';
import type { NightEnding } from '../domain/night.js';
import type { Destination } from '../domain/notice.js';
import type { Links } from '../redis/ledger/links.js';
import type { Workload } from '../redis/ledger/workload.js';
import type { Nights } from '../redis/nights.js';
import type { Notices } from '../redis/notices.js';
import { present, type Sources, type SystemOverview } from './overview.js';

export interface GaugeSources extends Sources {
  readonly workload: Pick<Workload, 'states'>;
  readonly notices: Pick<Notices, 'waiting'>;
  /** Addresses that notices are sent to. */
  readonly destinations: readonly Destination[];
  readonly links: Pick<Links, 'count'>;
  readonly nights: Pick<Nights, 'list'>;
  readonly takesWrites: () => Promise<boolean>;
  readonly version: string;
}

export interface Gauges extends SystemOverview {
  /** Registrations by state, each counted once, however many batches name it. */
  readonly states: Counts;
  /** Lanes that have notices to be posted. */
  readonly noticesWaiting: Readonly<Record<string, number>>;
  readonly links: { readonly open: number; readonly ending: number };
  /** When the last night ended that did its work, ms since 1970; undefined before the first. */
  readonly nightEndedAt: number | undefined;
  readonly takesWrites: boolean;
  readonly version: string;
}

/** Measured even if no address for notices is set: a monitor reads them. */
const ALWAYS_THERE: readonly Destination[] = ['created', 'notify'];

const ENDED_WELL: readonly NightEnding[] = ['done', 'submitted'];

export async function gauges(sources: GaugeSources): Promise<Gauges> {
  const { workload, notices, destinations, links, nights, takesWrites, version, now } = sources;
  const [facts, states, waiting, open, ending, ran, takes] = await Promise.all([
    present(sources),
    workload.states(),
    Promise.all(ALWAYS_THERE.concat(destinations).map(async (name) => [name, await notices.waiting(name)] as const)),
    links.count(now(), Number.POSITIVE_INFINITY),
    links.count(now(), now() + REMIND_BEFORE_MS),
    nights.list(),
    takesWrites(),
  ]);
  const ended = ran.flatMap(({ ending: how, endedAt }) =>
    how !== undefined && endedAt !== undefined && ENDED_WELL.includes(how) ? [endedAt] : [],
  );
  return {
    ...facts,
    states,
    noticesWaiting: Object.fromEntries(waiting),
    links: { open, ending },
    nightEndedAt: ended.length > 0 ? Math.max(...ended) : undefined,
    takesWrites: takes,
    version,
  };
}
