import type { Command } from 'commander';
import { type Part, type Store, startConsoleOf, startListening, startNights, startSending } from '../app.js';
import type { Need } from '../config.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { aborted } from './listen.js';
import { onInterruption } from './terminal.js';

interface PartRow {
  readonly needs: readonly Need[];
  readonly start: (store: Store) => Promise<Part>;
}

const PARTS: Readonly<Record<string, PartRow>> = {
  work: { needs: ['wechat', 'encryption'], start: startSending },
  listen: { needs: ['push', 'encryption'], start: startListening },
  nights: { needs: [], start: startNights },
  console: { needs: [], start: startConsoleOf },
};

export function serveCommand(): Command {
  return command(
    'serve',
    'Everything in one process: worker, receiver, nightly runs, and the console with /livez, /readyz and /metrics.',
    'fastregister serve',
  )
    .option('--only <PART,...>', `only these parts: ${Object.keys(PARTS).join(', ')}`)
    .action(async (options: { only?: string }, made: Command) => {
      const parts = partsFrom(options.only);
      await perform(made, { needs: parts.flatMap(({ needs }) => needs), service: true }, async ({ open }) => {
        const interruption = onInterruption();
        const store = await open('worker');
        const running: Part[] = [];
        try {
          for (const { start } of parts) running.push(await start(store));
          await aborted(interruption.signal);
        } finally {
          await Promise.all(running.map((part) => part.close()));
        }
        return EXIT.done;
      });
    });
}

function partsFrom(only: string | undefined): PartRow[] {
  const names = only?.split(',').map((name) => name.trim()) ?? Object.keys(PARTS);
  return names.map((name) => {
    const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (part === undefined) throw new UsageError(`--only ${name}: the parts are ${Object.keys(PARTS).join(', ')}.`);
    return part;
  });
}
