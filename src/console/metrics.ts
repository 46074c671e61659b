/** /metrics in Prometheus' text format. Counts only: no merchant, no code, no token. */
import { Counter, Gauge, Registry } from 'prom-client';
import { liveOf, type ProcessRole } from '../domain/presence.js';
import { LAG_SECONDS } from '../redis/pushes/pushes.js';
import type { Gauges } from './gauges.js';
import type { SystemOverview } from './overview.js';

export async function metricsText(facts: Gauges): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `fastregister_${name}`, help, labelNames, registers: [registry] });

  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `fastregister_${name}`, help, labelNames, registers: [registry] });

  gauge('build_info', '1; the version is that of the process that answers.', ['version']).set(
    { version: facts.version },
    1,
  );
  const registrations = gauge('registrations', 'Registrations by state, each once, however many batches name it.', [
    'state',
  ]);
  for (const [state, count] of Object.entries(facts.states)) registrations.set({ state }, count);
  gauge('redis_writable', '0 while Redis refuses writes: it is full, cannot write its file, or is a replica.').set(
    facts.takesWrites ? 1 : 0,
  );
  processGauges(facts, gauge);
  gauge('calls_today', 'Calls to WeChat in the present quota day, create and search together.').set(facts.sending.used);
  gauge('calls_limit', 'Calls that a quota day allows.').set(facts.sending.limit);
  gauge('line_stopped', '1 while nothing is sent: the line is stopped, or the day has no calls left.').set(
    facts.sending.stopped || facts.sending.line?.probe !== undefined ? 1 : 0,
  );
  gauge(
    'line_retrying',
    '1 while the line is stopped for a fault of WeChat or the network, and is tried by itself.',
  ).set(facts.sending.line !== undefined && !facts.sending.stopped ? 1 : 0);
  const pushes = counter(
    'pushes_total',
    'Pushes by InfoType and outcome. Each that was stored has a second outcome when it was looked at.',
    ['info_type', 'outcome'],
  );
  for (const { infoType: info_type, outcome, count } of facts.pushes.byOutcome)
    pushes.inc({ info_type, outcome }, count);
  const refused = counter(
    'pushes_refused_total',
    'Requests that the receiver did not store, by why; repeated and old ones were answered success.',
    ['why'],
  );
  for (const [why, count] of Object.entries(facts.pushes.refused)) refused.inc({ why }, count);
  const notices = gauge('notices_pending', 'Lanes with notices that are not posted yet, by destination.', [
    'destination',
  ]);
  for (const [destination, count] of Object.entries(facts.noticesWaiting)) notices.set({ destination }, count);
  gauge('links_open', 'Links that legal persons have yet to open.').set(facts.links.open);
  gauge('links_ending', 'Those of them that end within three hours.').set(facts.links.ending);
  if (facts.nightEndedAt !== undefined) {
    gauge('night_last_success_timestamp_seconds', 'When the last night ended that did its work.').set(
      facts.nightEndedAt / 1000,
    );
  }
  gauge('pushes_parked', 'Pushes that fit no registration.').set(facts.parkedPushes);
  if (facts.ticketAgeMs !== undefined) {
    gauge('verify_ticket_age_seconds', 'Since the last component verify ticket came.').set(facts.ticketAgeMs / 1000);
  }
  return (await registry.metrics()) + lagText(facts.pushes.lag);
}

const ROLES: readonly ProcessRole[] = ['worker', 'receiver', 'scheduler'];

/** Ages by the clock of Redis, on which they were noted. */
function processGauges(
  { processes: { presence, missing } }: Gauges,
  gauge: (name: string, help: string, labelNames?: string[]) => Gauge,
): void {
  const alive = gauge('processes', 'Live processes by role.', ['role']);
  for (const role of ROLES) alive.set({ role }, liveOf(presence, role).length);
  gauge('worker_missing', '1 while rows wait that could be sent, and no worker runs.').set(
    missing === undefined ? 0 : 1,
  );
  const ages = {
    last_call_age_seconds: [presence.callAt, 'Since the last create or search.'],
    last_push_age_seconds: [presence.pushAt, 'Since the last push was stored.'],
    oldest_wait_seconds: [presence.waitingSince, 'How long the oldest row waits that a worker could send now.'],
  } as const;
  for (const [name, [at, help]] of Object.entries(ages)) {
    if (at !== undefined) gauge(name, help).set((presence.now - at) / 1000);
  }
}

/** Counted in Redis by all receivers; the library's own histogram counts what happens in this process only. */
function lagText({ bounds, sumMs }: SystemOverview['pushes']['lag']): string {
  const name = 'fastregister_push_lag_seconds';
  const lines = [`# HELP ${name} From CreateTime (whole seconds) until stored.`, `# TYPE ${name} histogram`];
  let count = 0;
  for (const bound of LAG_SECONDS) {
    count += bounds.get(bound) ?? 0;
    lines.push(`${name}_bucket{le="${bound === Number.POSITIVE_INFINITY ? '+Inf' : bound}"} ${count}`);
  }
  return `${[...lines, `${name}_sum ${sumMs / 1000}`, `${name}_count ${count}`].join('\n')}\n`;
}
