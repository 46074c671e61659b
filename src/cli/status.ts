import { fileInWords, LOAD_AGAIN, NO_BATCH } from '../app/batches.js';
import { gatherStatus, type StatusFacts } from '../app/status.js';
import { statusLines, waitingInWords } from '../app/status-words.js';
import { outcomesInWords } from '../domain/outcome-words.js';
import { counted } from '../domain/words.js';
import { sleep } from '../sleep.js';
import { type CommandContext, EXIT } from './command.js';
import { jsonText } from './json.js';
import { spoken } from './language.js';
import { ENDING, onInterruption, print, printJson, printPage, table } from './terminal.js';

export interface StatusFlags {
  readonly json?: true;
  readonly watch?: true;
}

const LOOK_EVERY_MS = 2_000;

export async function statusAction(
  { open }: CommandContext,
  id: string | undefined,
  options: StatusFlags,
): Promise<number> {
  const store = await open('interactive');
  const text = async (): Promise<string> => {
    const facts = await gatherStatus(store, id);
    return options.json ? `${jsonText(asData(facts), 2)}\n` : describe(facts);
  };
  if (!options.watch) {
    if (options.json) await printJson(asData(await gatherStatus(store, id)));
    else await print(await text());
    return EXIT.done;
  }
  const interruption = onInterruption(ENDING);
  let shown = '';
  while (!interruption.signal.aborted) {
    const now = await text();
    if (now !== shown) await printPage(now, shown === '');
    shown = now;
    await sleep(LOOK_EVERY_MS, interruption.signal);
  }
  return EXIT.done;
}

function asData(facts: StatusFacts): object {
  const batches = facts.batches.map(({ loadedAt: _, unsent: __, ready: ___, soon: ____, ...batch }) => batch);
  return { ...facts, batches, undelivered: facts.undelivered.map((it) => ({ ...it, address: it.address.en })) };
}

function describe(facts: StatusFacts): string {
  const rows = facts.batches.map(({ batch, file, rows: count, complete, outcomes, waiting }) => [
    batch,
    spoken(fileInWords(file)),
    spoken({
      en: `${counted(count, 'row')}${complete ? '' : ` (${LOAD_AGAIN.en})`}`,
      zh: `${count} 行${complete ? '' : `（${LOAD_AGAIN.zh}）`}`,
    }),
    spoken(outcomesInWords(outcomes)),
    spoken(waitingInWords(waiting)),
  ]);
  const head = statusLines(facts, Date.now()).map((line) => line.map(spoken));
  return `${table(head)}\n\n${rows.length > 0 ? table(rows) : spoken(NO_BATCH)}\n`;
}
