import type { Command } from 'commander';
import { startListeningAtOnce } from '../app/wiring/listening.js';
import { startNights } from '../app/wiring/nights.js';
import type { Part } from '../app/wiring/part.js';
import { startReconcilingOf } from '../app/wiring/reconciling.js';
import { startSending } from '../app/wiring/sending.js';
import type { Store } from '../app/wiring/store.js';
import type { Need } from '../config.js';
import { startConsoleOf } from '../console/start.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { spoken } from './language.js';
import { aborted, onInterruption } from './terminal.js';

interface PartRow {
  readonly needs: readonly Need[];
  /** None where it starts before there is a store. */
  readonly starts: readonly ((store: Store) => Promise<Part>)[];
}

const LISTEN: PartRow = { needs: ['push', 'encryption'], starts: [] };

const PARTS: Readonly<Record<string, PartRow>> = {
  work: { needs: ['wechat', 'sending', 'encryption'], starts: [startSending, startReconcilingOf] },
  listen: LISTEN,
  nights: { needs: [], starts: [startNights] },
  console: { needs: [], starts: [startConsoleOf] },
};

export function serveCommand(): Command {
  return command(
    'serve',
    {
      en: 'Everything in one process: worker, receiver, nightly runs, and the console with /livez, /readyz and /metrics.',
      zh: '在一个进程中运行全部服务：工作进程、接收服务、夜间任务，以及控制台（/livez、/readyz 和 /metrics）。',
    },
    'fastregister serve',
  )
    .option(
      '--only <PART,...>',
      spoken({
        en: `only these parts: ${Object.keys(PARTS).join(', ')}`,
        zh: `只运行这些部分：${Object.keys(PARTS).join('、')}`,
      }),
    )
    .action(async (options: { only?: string }, made: Command) => {
      const parts = partsFrom(options.only);
      const needs = parts.flatMap((part) => part.needs);
      await perform(made, { needs, service: true }, async ({ settings, log, open }) => {
        const { signal } = onInterruption();
        const running: Part[] = [];
        const listen = async (): Promise<Store | undefined> => {
          const listening = await startListeningAtOnce(settings, log, () => open('background', signal), signal);
          running.push(listening);
          return listening.store;
        };
        try {
          // The receiver before all others: it alone has something to do while Redis is away.
          const store = await (parts.includes(LISTEN) ? listen() : open('background'));
          for (const start of parts.flatMap(({ starts }) => starts)) {
            if (store !== undefined) running.push(await start(store));
          }
          await aborted(signal);
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
    if (part === undefined) {
      throw new UsageError({
        en: `--only ${name}: the parts are ${Object.keys(PARTS).join(', ')}.`,
        zh: `--only ${name}：可选的部分有 ${Object.keys(PARTS).join('、')}。`,
      });
    }
    return part;
  });
}
