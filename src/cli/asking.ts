/** `retry` and `cancel`: what it would do → a question → the operator's facts, with who asked and why. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { batchNamed } from '../app/batches.js';
import { OUTCOMES } from '../app/report-options.js';
import type { Store } from '../app/wiring/store.js';
import { isIdentity } from '../domain/merchant.js';
import { type Ask, CANNOT, MIND } from '../domain/operator.js';
import { type ActionPreview, type ActionRequest, applyAction, type Group, previewAction } from '../operator/action.js';
import { tidyReady } from '../redis/ledger/purging.js';
import { troubleOf } from '../reporter/sentences.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { outcomesFrom } from './flags.js';
import { agreed } from './question.js';
import { printJson, say } from './terminal.js';

interface Options {
  readonly only?: string;
  readonly because?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** Fewer rows that were cancelled are passed over in a moment when their turn to be sent comes. */
const MANY = 1_000;

const WORDS = {
  retry: {
    does: 'Sends failed rows of batches, or registrations, again, after it has said how many and which cannot.',
    example: 'fastregister retry b1a2b3c4d5e6 --only expired --because "the legal persons were called"',
    none: 'Nothing can be sent again.',
    question: (count: number) => `Send ${count} again?`,
    done: (count: number) => `${count} will be sent again.`,
  },
  cancel: {
    does: 'Withdraws rows of batches, or registrations, that were not sent yet, after it has said how many and which cannot.',
    example: 'fastregister cancel b1a2b3c4d5e6 --because "the sheet was an old one"',
    none: 'Nothing can be withdrawn.',
    question: (count: number) => `Withdraw ${count}?`,
    done: (count: number) => `${count} withdrawn.`,
  },
} as const;

export function retryCommand(): Command {
  return askingCommand('retry');
}

export function cancelCommand(): Command {
  return askingCommand('cancel');
}

function askingCommand(ask: Ask): Command {
  const { does, example } = WORDS[ask];
  return command(`${ask} <BATCH|REGISTRATION...>`, does, example)
    .option('--only <OUTCOME,...>', `only these outcomes: ${OUTCOMES.join(', ')}`)
    .option('--because <TEXT>', 'why, for everybody who looks')
    .option('--yes', 'do not ask')
    .option('--json', 'print what it would do, or with --yes did, as JSON')
    .action(async (named: string[], options: Options, made: Command) =>
      perform(made, {}, (context) => asking(context, ask, named, options)),
    );
}

async function asking({ open }: CommandContext, ask: Ask, named: readonly string[], options: Options): Promise<number> {
  const only = outcomesFrom(options.only);
  const store = await open('interactive');
  const { batches, ledger } = store;
  const tools = { batches, ledger, actsOn: (problem: string | undefined) => troubleOf(problem)?.acts };
  const requests: ActionRequest[] = [];
  for (const id of new Set(named)) requests.push({ ask, only, now: Date.now(), ...(await rowsNamed(store, id, ask)) });
  const previews: { request: ActionRequest; found: ActionPreview }[] = [];
  for (const request of requests) previews.push({ request: request, found: await previewAction(tools, request) });
  const found = together(previews.map((it) => it.found));
  const words = WORDS[ask];
  if (options.json && !options.yes) {
    await printJson(factsOf(found));
    return EXIT.done;
  }
  for (const line of preview(found)) say(line);
  if (found.can === 0) say(words.none);
  else if (!options.yes && !(await agreed(words.question(found.can)))) {
    say('Nothing was done.');
    return EXIT.done;
  }
  const because = `${options.because ?? 'no reason given'} (${whoAsks()})`;
  let moved = 0;
  for (const { request, found: rows } of previews) moved += await applyAction(tools, request, rows, because, Date.now);
  if (ask === 'cancel' && moved >= MANY) await tidyReady(store.redis, 'submit');
  if (options.json) await printJson({ ...factsOf(found), done: moved });
  else if (found.can > 0) say(words.done(moved));
  return EXIT.done;
}

/** A batch, or the one row of a registration that is sent: of one that waits for another row's end, a cancellation means that row. */
async function rowsNamed(store: Store, id: string, ask: Ask): Promise<Pick<ActionRequest, 'batch' | 'index'>> {
  if (!isIdentity(id)) return { batch: await batchNamed(store, id) };
  const view = await store.ledger.read(id);
  if (view === undefined) {
    throw new UsageError(`There is no registration ${id}. The report names it as registration_id.`);
  }
  const { row, waitingRows } = view.registration;
  const pointer = (ask === 'cancel' ? waitingRows[0] : undefined) ?? row;
  const named = await store.batches.rowAt(pointer);
  if (named === undefined) throw new UsageError(`${id}: the merchant's details were purged. Load the row again.`);
  return { batch: named.batch, index: Number(pointer.slice(pointer.lastIndexOf('/') + 1)) };
}

type Found = Pick<ActionPreview, 'can' | 'mind' | 'cannot'>;

function together(previews: readonly Found[]): Found {
  return {
    can: previews.reduce((sum, { can }) => sum + can, 0),
    mind: merged(previews.map(({ mind }) => mind)),
    cannot: merged(previews.map(({ cannot }) => cannot)),
  };
}

function merged<Key>(groups: readonly ReadonlyMap<Key, Group>[]): Map<Key, Group> {
  const all = new Map<Key, Group>();
  for (const [name, { count, lines }] of groups.flatMap((group) => [...group])) {
    const before = all.get(name) ?? { count: 0, lines: [] };
    all.set(name, { count: before.count + count, lines: [...before.lines, ...lines].slice(0, LINES_SHOWN) });
  }
  return all;
}

const LINES_SHOWN = 5;

function preview({ can, mind, cannot }: Found): string[] {
  const groups = (of: ReadonlyMap<string, Group>, sentences: Readonly<Record<string, { en: string }>>): string[] =>
    [...of].map(([name, { count, lines }]) => `  ${count}: ${sentences[name]?.en} (${linesTold(count, lines)})`);
  const cannotCount = [...cannot.values()].reduce((sum, { count }) => sum + count, 0);
  return [
    `${can} can be done.`,
    ...(mind.size > 0 ? ['Of these', ...groups(mind, MIND)] : []),
    ...(cannotCount > 0 ? [`${cannotCount} cannot`, ...groups(cannot, CANNOT)] : []),
  ];
}

function linesTold(count: number, lines: readonly number[]): string {
  return `line${count === 1 ? '' : 's'} ${lines.join(', ')}${count > lines.length ? ' …' : ''}`;
}

function factsOf({ can, mind, cannot }: Found): object {
  return { can, mind: Object.fromEntries(mind), cannot: Object.fromEntries(cannot) };
}

function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
