/** /metrics in Prometheus' text format. Counts only: no merchant, no code, no token. */
import { Gauge, Registry } from 'prom-client';
import type { Overview } from './overview.js';

export async function metricsText(facts: Overview): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `fastregister_${name}`, help, labelNames, registers: [registry] });

  const rows = gauge('rows', 'Rows of all batches by state; deferred ones by what they wait for.', ['state']);
  for (const { counts } of facts.batches) {
    for (const [state, count] of Object.entries(counts)) rows.inc({ state }, count);
  }
  gauge('calls_today', 'Calls to WeChat in the present quota day, create and search together.').set(
    facts.situation.used,
  );
  gauge('calls_limit', 'Calls that a quota day allows.').set(facts.situation.limit);
  gauge('line_stopped', '1 while nothing is sent until a person or the next quota day lets it go on.').set(
    facts.situation.stopped ? 1 : 0,
  );
  const pushes = gauge('pushes', 'Pushes by InfoType and outcome; each that was stored has a second outcome later.', [
    'info_type',
    'outcome',
  ]);
  for (const { infoType: info_type, outcome, count } of facts.pushes.byOutcome)
    pushes.set({ info_type, outcome }, count);
  const refused = gauge('pushes_refused', 'Requests that the receiver refused, by why.', ['why']);
  for (const [why, count] of Object.entries(facts.pushes.refused)) refused.set({ why }, count);
  gauge('pushes_parked', 'Pushes that fit no registration.').set(facts.parkedPushes);
  if (facts.ticketAgeMs !== undefined) {
    gauge('verify_ticket_age_seconds', 'Since the last component verify ticket came.').set(facts.ticketAgeMs / 1000);
  }
  return registry.metrics();
}
