/** The processes that work on this ledger, and those that are missing. */
import { type LiveProcess, liveOf, type Presence, type ProcessRole } from '../../domain/presence.js';
import { openNights } from '../../redis/nights.js';
import { type MissingWorker, processesNow } from '../../reporter/missing-worker.js';
import { processSourcesOf } from '../wiring/process-sources.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

/** Who works on this ledger, and who does not. */
export async function checkProcesses({ settings, redis, workload }: Store): Promise<Finding[]> {
  const sources = processSourcesOf(settings, redis);
  const { presence, missing } = await processesNow(sources);
  const { awaiting_legal_person: asked = 0, submitting = 0 } = await workload.states();
  const schedules = await openNights(redis).schedules();
  return [
    workerFinding(presence, missing),
    roleFinding(presence, 'receiver', asked + submitting, {
      wants: 'registrations wait for a push, and WeChat may push a result only once',
      todo: 'Start `fastregister listen` or `fastregister serve`.',
    }),
    ...(schedules.length === 0
      ? []
      : [
          roleFinding(presence, 'scheduler', schedules.length, {
            wants: 'nightly runs are scheduled',
            todo: 'Start `fastregister serve`, or `fastregister serve --only nights`.',
          }),
        ]),
    ...versionFindings(presence),
  ];
}

function workerFinding(presence: Presence, missing: MissingWorker | undefined): Finding {
  const check = 'worker';
  if (missing !== undefined) return { check, verdict: 'fault', says: missing.reason.en, todo: missing.nextStep.en };
  const live = liveOf(presence, 'worker');
  if (live.length > 0) return { check, verdict: 'ok', says: placesOf(live) };
  const why =
    presence.waitingSince === undefined
      ? 'nothing waits that could be sent now'
      : 'what waits is sent by the next nightly run, or may not be sent now, or waits since a moment ago';
  return { check, verdict: 'ok', says: `none runs: ${why}` };
}

function roleFinding(
  presence: Presence,
  role: ProcessRole,
  waiting: number,
  { wants, todo }: { readonly wants: string; readonly todo: string },
): Finding {
  const live = liveOf(presence, role);
  if (live.length > 0) return { check: role, verdict: 'ok', says: placesOf(live) };
  if (waiting === 0) return { check: role, verdict: 'ok', says: 'none runs, and none is needed now' };
  return { check: role, verdict: 'warning', says: `none runs, and ${waiting} ${wants}`, todo };
}

/** Two versions at work may write what the other does not know. */
function versionFindings({ live }: Presence): Finding[] {
  const versions = [...new Set(live.map(({ version }) => version))].sort();
  if (versions.length < 2) return [];
  const says = versions.map((version) => `${version}: ${placesOf(live.filter((it) => it.version === version))}`);
  return [
    {
      check: 'versions',
      verdict: 'warning',
      says: `processes of different versions work on this ledger: ${says.join('; ')}`,
      todo: 'End those of the older version, and start them again with the newer one.',
    },
  ];
}

function placesOf(live: readonly LiveProcess[]): string {
  return live.map(({ role, host, pid }) => `${role} at ${host}:${pid}`).join(', ');
}
