import type { Command } from 'commander';
import { gatherStatus, type StatusFacts } from '../app/status.js';
import type { LiveProcess } from '../domain/presence.js';
import type { Words } from '../domain/words.js';
import { shutDayLines } from '../reporter/shut-day.js';
import { undeliveredLines } from '../reporter/undelivered.js';
import { sleep } from '../sleep.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { spoken } from './language.js';
import { onInterruption, print, printJson, table } from './terminal.js';

interface Options {
  readonly json?: true;
  readonly watch?: true;
}

const LOOK_EVERY_MS = 2_000;

export function statusCommand(): Command {
  return command(
    'status [BATCH]',
    'Counts by outcome, quota left, what is waiting for what and until when, and whether the line is stopped and why.',
    'fastregister status --watch',
  )
    .option('--watch', 'show it anew whenever it changes, until Ctrl-C')
    .option('--json', 'print as JSON')
    .action(async (id: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => status(context, id, options)),
    );
}

async function status({ open }: CommandContext, id: string | undefined, options: Options): Promise<number> {
  const store = await open('interactive');
  const text = async (): Promise<string> => {
    const facts = await gatherStatus(store, id);
    return options.json ? `${JSON.stringify(facts, null, 2)}\n` : describe(facts);
  };
  if (!options.watch) {
    if (options.json) await printJson(await gatherStatus(store, id));
    else await print(await text());
    return EXIT.done;
  }
  const interruption = onInterruption();
  let shown = '';
  while (!interruption.signal.aborted) {
    const now = await text();
    // A terminal shows the present; a file or a pipe gets one page for each change.
    if (now !== shown) await print(process.stdout.isTTY ? `${CLEARED}${now}` : `${shown === '' ? '' : '\n'}${now}`);
    shown = now;
    await sleep(LOOK_EVERY_MS, interruption.signal);
  }
  return EXIT.done;
}

const CLEARED = '\u001b[2J\u001b[H';

/** One line for each role of which there is, or was, a process. */
function processLines({ workers, receivers, schedulers, ...times }: StatusFacts['processes']): string[][] {
  const lines = Object.entries({ workers, receivers, schedulers }).flatMap(([role, { live, lastSeenAt }]) => {
    if (live.length > 0) return [[role, `${live.length} alive: ${live.map(placeOf).join(', ')}`]];
    return lastSeenAt === null && role === 'schedulers'
      ? []
      : [[role, lastSeenAt === null ? 'none yet' : `none; last seen at ${lastSeenAt}`]];
  });
  return [
    ...lines,
    ...(times.lastCallAt === null ? [] : [['last call', times.lastCallAt]]),
    ...(times.lastPushAt === null ? [] : [['last push', times.lastPushAt]]),
    ...(times.waitingSince === null ? [] : [['oldest row to send', `waits since ${times.waitingSince}`]]),
  ];
}

function placeOf({ host, pid, version }: Pick<LiveProcess, 'host' | 'pid' | 'version'>): string {
  return `${host}:${pid} (${version})`;
}

function comparedLines(compared: StatusFacts['compared']): string[][] {
  if (compared === null) return [];
  const { at, silent, recorded, tokens, ambiguous, refused } = compared;
  const words = [
    `${silent} silent, ${recorded} found`,
    ...(tokens > 0 ? [`${tokens} refresh tokens found`] : []),
    ...(ambiguous > 0 ? [`${ambiguous} names fit several: fastregister reconcile`] : []),
    ...(refused === null ? [] : [`not read to its end: ${refused}`]),
  ];
  return [["WeChat's list of accounts", `compared at ${at}: ${words.join('; ')}`]];
}

function keptOf({ kept }: { readonly kept: number }): string {
  return kept === 0 ? '' : `, ${kept} of them kept for searches that fall due today`;
}

function linkLines({ open, ending, nextEndsAt }: StatusFacts['links']): string[][] {
  if (open === 0) return [];
  const soon = ending > 0 ? `; ${ending} end in less than three hours: remind those legal persons` : '';
  return [['links to open', `${open}, the next one ends at ${nextEndsAt}${soon}`]];
}

function lineOf(missing: { reason: Words; nextStep: Words } | null): string {
  return missing === null ? 'running' : `${missing.reason.en} ${missing.nextStep.en}`;
}

function describe(facts: StatusFacts): string {
  const { line, calls, batches, workerMissing } = facts;
  const head = [
    ['line', 'reason' in line && line.reason ? `${line.reason.en} ${line.nextStep?.en ?? ''}` : lineOf(workerMissing)],
    ...('reason' in line && line.reason && workerMissing ? [['fault', lineOf(workerMissing)]] : []),
    ...processLines(facts.processes),
    ['calls today', `${calls.used} of ${calls.limit}, ${calls.left} left${keptOf(calls)}`],
    ...(calls.shut === null ? [] : shutDayLines(calls.shut).map((line) => line.map(spoken))),
    ...(calls.told === null
      ? []
      : [['counted by WeChat', `${calls.told.used} at ${calls.told.at}, where we had counted ${calls.told.counted}`]]),
    [
      'to be sent',
      facts.sentBy === undefined ? 'nothing' : `${facts.toSend}, the last by ${facts.sentBy} at this quota`,
    ],
    ...Object.entries(facts.waitsUntil).map(([why, until]) => ['waiting', `${why}: the first until ${until}`]),
    ['verify ticket', facts.ticketReceivedAt ?? 'none yet'],
    ...linkLines(facts.links),
    ...(facts.processesToReport > 0
      ? [
          [
            'after a restart of Redis',
            `sending waits for ${facts.processesToReport} processes to report, at most a minute`,
          ],
        ]
      : []),
    ...(facts.forgotten === null
      ? []
      : [
          [
            'Redis had forgotten',
            `${facts.forgotten.facts} facts and ${facts.forgotten.pushes} pushes at ${facts.forgotten.at}; they were recorded again`,
          ],
        ]),
    ...comparedLines(facts.compared),
    ...undeliveredLines(facts.undelivered),
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
