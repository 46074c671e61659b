/** `retry` and `cancel`: preview → a question → the operator's facts, with the person and the reason. */
import { type ActionSummary, applyPreviewed, preview } from '../app/retry-cancel.js';
import { ASK_WORDS, becauseOf, NOTHING_DONE, previewLines } from '../app/retry-cancel-words.js';
import type { Ask } from '../domain/operator.js';
import { type CommandContext, EXIT } from './command.js';
import { outcomesFrom } from './flags.js';
import { spoken } from './language.js';
import { agreed } from './question.js';
import { printJson, say } from './terminal.js';
import { whoAsks } from './who.js';

export interface RetryCancelFlags {
  readonly only?: string;
  readonly because?: string;
  readonly yes?: true;
  readonly json?: true;
}

export async function retryCancelAction(
  { open }: CommandContext,
  ask: Ask,
  named: readonly string[],
  options: RetryCancelFlags,
): Promise<number> {
  const only = outcomesFrom(options.only);
  const store = await open('bulk');
  const previewed = await preview(store, ask, named, only);
  const { summary: found } = previewed;
  const words = ASK_WORDS[ask];
  if (options.json && !options.yes) {
    await printJson(factsOf(found));
    return EXIT.done;
  }
  for (const line of previewLines(found)) say(line);
  if (found.can === 0) say(words.none);
  else if (!options.yes && !(await agreed(words.question(found.can)))) {
    say(NOTHING_DONE);
    return EXIT.done;
  }
  const because = spoken(becauseOf(options.because ?? '', whoAsks()));
  const moved = await applyPreviewed(store, ask, previewed, because);
  if (options.json) await printJson({ ...factsOf(found), done: moved });
  else if (found.can > 0) say(words.done(moved, found.can));
  return EXIT.done;
}

function factsOf({ can, mind, cannot }: ActionSummary): object {
  return { can, mind: Object.fromEntries(mind), cannot: Object.fromEntries(cannot) };
}
