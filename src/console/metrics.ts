/** /metrics in Prometheus' text format. Counts only: no merchant, no code, no token. */
import { Counter, Gauge, Registry } from 'prom-client';
import { LAG_SECONDS } from '../redis/pushes.js';
import type { Overview } from './overview.js';

export async function metricsText(facts: Overview): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `fastregister_${name}`, help, labelNames, registers: [registry] });

  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `fastregister_${name}`, help, labelNames, registers: [registry] });

  const rows = gauge('rows', 'Rows of all batches by state; deferred ones by what they wait for.', ['state']);
  for (const { counts } of facts.batches) {
    for (const [state, count] of Object.entries(counts)) rows.inc({ state }, count);
  }
  gauge('calls_today', 'Calls to WeChat in the present quota day, create and search together.').set(
    facts.situation.used,
  );
  gauge('calls_limit', 'Calls that a quota day allows.').set(facts.situation.limit);
  gauge('line_stopped', '1 while nothing is sent: the line is stopped, or the day has no calls left.').set(
    facts.situation.stopped || facts.situation.line?.probe !== undefined ? 1 : 0,
  );
  gauge(
    'line_retrying',
    '1 while the line is stopped for a fault of WeChat or the network, and is tried by itself.',
  ).set(facts.situation.line !== undefined && !facts.situation.stopped ? 1 : 0);
  const pushes = counter(
    'pushes_total',
    'Pushes by InfoType and outcome. Each that was stored has a second outcome when it was looked at.',
    ['info_type', 'outcome'],
  );
  for (const { infoType: info_type, outcome, count } of facts.pushes.byOutcome)
    pushes.inc({ info_type, outcome }, count);
  const refused = counter('pushes_refused_total', 'Requests that the receiver refused, by why.', ['why']);
  for (const [why, count] of Object.entries(facts.pushes.refused)) refused.inc({ why }, count);
  gauge('pushes_parked', 'Pushes that fit no registration.').set(facts.parkedPushes);
  if (facts.ticketAgeMs !== undefined) {
    gauge('verify_ticket_age_seconds', 'Since the last component verify ticket came.').set(facts.ticketAgeMs / 1000);
  }
  return (await registry.metrics()) + lagText(facts.pushes.lag);
}

/** Counted in Redis by all receivers; the library's own histogram counts what happens in this process only. */
function lagText({ bounds, sumMs }: Overview['pushes']['lag']): string {
  const name = 'fastregister_push_lag_seconds';
  const lines = [`# HELP ${name} From CreateTime (whole seconds) until stored.`, `# TYPE ${name} histogram`];
  let count = 0;
  for (const bound of LAG_SECONDS) {
    count += bounds.get(bound) ?? 0;
    lines.push(`${name}_bucket{le="${bound === Number.POSITIVE_INFINITY ? '+Inf' : bound}"} ${count}`);
  }
  return `${[...lines, `${name}_sum ${sumMs / 1000}`, `${name}_count ${count}`].join('\n')}\n`;
}
