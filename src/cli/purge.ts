import type { Command } from 'commander';
import { applyPurge, previewPurge } from '../app/purge.js';
import { parseDuration } from '../domain/patience.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { agreed } from './question.js';
import { printJson, say } from './terminal.js';

interface Options {
  readonly olderThan: string;
  readonly yes?: true;
  readonly json?: true;
}

export function purgeCommand(): Command {
  return command(
    'purge',
    "Forgets merchants' data of batches that are over; keeps their counts, and that a Mini Program was created.",
    'fastregister purge --older-than 90d',
  )
    .requiredOption('--older-than <DAYS>', 'how long ago the last row must have had its outcome: 90 or 90d')
    .option('--yes', 'do not ask')
    .option('--json', 'print what it would do, or with --yes did, as JSON')
    .action(async (options: Options, made: Command) => perform(made, {}, (context) => run(context, options)));
}

async function run({ open }: CommandContext, options: Options): Promise<number> {
  const now = Date.now();
  const time = now - ageFrom(options.olderThan);
  const store = await open('background');
  const wanted = await previewPurge(store, time);
  const { batches, rows } = wanted;
  const facts = { batches: batches.map(({ id }) => id), rows };
  if (options.json && !options.yes) {
    await printJson(facts);
    return EXIT.done;
  }
  const what = `${batches.length} batches with ${rows} rows, and every push that came before ${new Date(time).toISOString()}`;
  if (!options.yes && !(await agreed(`Forget ${what}? This cannot be undone.`))) {
    say('Nothing was forgotten.');
    return EXIT.done;
  }
  const purged = await applyPurge(store, wanted, now);
  if (options.json) await printJson({ ...facts, ...purged });
  else
    say(
      `Forgotten: ${batches.length} batches, ${purged.registrations} registrations, ${purged.pushes} pushes.${LEFT[purged.rewrite]}`,
    );
  return EXIT.done;
}

const LEFT = {
  done: '',
  nothing: '',
  forbidden: ' This Redis rewrites its append-only file on its own schedule: until then they are on its disk.',
};

/** A number alone is one of days. */
function ageFrom(text: string): number {
  try {
    return parseDuration(/^\d+$/.test(text.trim()) ? `${text.trim()}d` : text);
  } catch (cause) {
    throw new UsageError(`--older-than: ${(cause as Error).message}.`, { cause });
  }
}
