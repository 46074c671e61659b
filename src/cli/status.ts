import type { Command } from 'commander';
import { limitsOf, type Store } from '../app.js';
import { WAITS, type Wait } from '../domain/registration.js';
import { key } from '../redis/keys.js';
import { openPushes } from '../redis/pushes.js';
import { situation } from '../reporter/standstill.js';
import { command, EXIT, perform } from './command.js';
import { byOutcome } from './progress.js';
import { batchNamed } from './report.js';
import { print, printJson, table } from './terminal.js';

export function statusCommand(): Command {
  return command(
    'status [BATCH]',
    'Counts by outcome, quota left, what is waiting for what, and whether the line is stopped and why.',
    'fastregister status',
  )
    .option('--json', 'print as JSON')
    .action(async (id: string | undefined, options: { json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const store = await open('door');
        const facts = await gather(store, id);
        if (options.json) await printJson(facts);
        else await print(describe(facts));
        return EXIT.done;
      }),
    );
}

async function gather(store: Store, id: string | undefined) {
  const ids = id === undefined ? await store.batches.list() : [(await batchNamed(store, id)).id];
  const now = await situation(store.calls, limitsOf(store.settings), Date.now());
  const pushes = openPushes(store.redis);
  const batches = await Promise.all(
    ids.map(async (batchId) => {
      const batch = await batchNamed(store, batchId);
      const counts = await store.batches.counts(batchId);
      return {
        batch: batch.id,
        file: batch.file,
        rows: batch.rows,
        complete: batch.complete,
        outcomes: byOutcome(counts),
        waiting: waits(counts),
      };
    }),
  );
  const parked = await pushes.parked();
  const ticket = await store.redis.hget(key('ticket'), 'receivedAt');
  return {
    line: now.stopped || now.standstill ? { stopped: now.stopped, ...now.standstill } : { stopped: false },
    calls: { used: now.used, limit: now.limit, left: Math.max(now.limit - now.used, 0) },
    ticketReceivedAt: ticket === null ? null : new Date(Number(ticket)).toISOString(),
    parkedPushes: parked,
    batches,
  };
}

/** `queued: 3`, `deferred, because …: 2` */
function waits(counts: Readonly<Record<string, number>>): Record<string, number> {
  const waiting: Record<string, number> = {};
  for (const [name, count] of Object.entries(counts)) {
    const [state, wait] = name.split('/');
    if (wait !== undefined) waiting[WAITS[wait as Wait]?.en ?? wait] = count;
    else if (state === 'queued' || state === 'submitting' || state === 'awaiting_legal_person') waiting[state] = count;
  }
  return waiting;
}

function describe(facts: Awaited<ReturnType<typeof gather>>): string {
  const { line, calls, batches } = facts;
  const head = [
    ['line', 'reason' in line && line.reason ? `${line.reason.en} ${line.nextStep?.en ?? ''}` : 'running'],
    ['calls today', `${calls.used} of ${calls.limit}, ${calls.left} left`],
    ['verify ticket', facts.ticketReceivedAt ?? 'none yet'],
    ...(facts.parkedPushes > 0 ? [['pushes that fit no registration', String(facts.parkedPushes)]] : []),
  ];
  const rows = batches.map(({ batch, file, rows: count, complete, outcomes, waiting }) => [
    batch,
    file,
    `${count} rows${complete ? '' : ' (loading was interrupted: load it again)'}`,
    Object.entries(outcomes)
      .map(([outcome, number]) => `${number} ${outcome}`)
      .join(', '),
    Object.entries(waiting)
      .map(([what, number]) => `${number} × ${what.replaceAll('_', ' ')}`)
      .join('; '),
  ]);
  return `${table(head)}\n\n${rows.length > 0 ? table(rows) : 'No batch yet. Load a sheet: fastregister load FILE'}\n`;
}
