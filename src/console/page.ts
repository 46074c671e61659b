/** The console's page, rendered here: it works without a script and shows what `status` prints. */

import { liveOf } from '../domain/presence.js';
import { html } from '../reporter/html.js';
import type { Overview } from './overview.js';

export function overviewPage({ situation, batches, parkedPushes, ticketAgeMs, processes }: Overview): string {
  const rows = [...batches].reverse().map(({ batch, counts }) => {
    const parts = Object.entries(counts).map(([state, count]) => `${count} ${state.replaceAll('_', ' ')}`);
    return `<tr><td>${html(batch.id)}</td><td>${html(batch.file)}</td><td>${batch.rows}</td><td>${html(parts.join(', '))}</td></tr>`;
  });
  const { presence, missing } = processes;
  const trouble = situation.blockedReason ?? missing;
  const line = trouble === undefined ? 'running' : `${trouble.reason.en} ${trouble.nextStep.en}`;
  const alive = (['worker', 'receiver', 'scheduler'] as const).map(
    (role) => `${liveOf(presence, role).length} ${role}s`,
  );
  const ticket = ticketAgeMs === undefined ? 'none yet' : `${Math.round(ticketAgeMs / 60_000)} minutes ago`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>fastregister</title><meta http-equiv="refresh" content="10">
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}</style></head>
<body>
<h1>fastregister</h1>
<table>
<tr><th>Line</th><td>${html(line)}</td></tr>
<tr><th>Alive</th><td>${alive.join(', ')}</td></tr>
<tr><th>Calls today</th><td>${situation.used} of ${situation.limit}</td></tr>
<tr><th>Verify ticket</th><td>${ticket}</td></tr>
<tr><th>Pushes that fit no registration</th><td>${parkedPushes}</td></tr>
</table>
<h2>Batches</h2>
<table><tr><th>Batch</th><th>File</th><th>Rows</th><th>Where they are</th></tr>
${rows.join('\n')}
</table>
</body></html>
`;
}
