/** Asks on the terminal before something is done that cannot be undone. */
import { createInterface } from 'node:readline/promises';
import type { Words } from '../domain/words.js';
import { UsageError } from './command.js';
import { spoken } from './language.js';

/** @throws UsageError if there is no terminal to ask on */
export async function agreed(question: Words): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new UsageError({
      en: `${question.en} No terminal to confirm on; pass --yes.`,
      zh: `${question.zh}当前没有可供确认的终端；请加 --yes。`,
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y(es)?|是)$/i.test((await terminal.question(spoken(asked(question)))).trim());
  } finally {
    terminal.close();
  }
}

function asked({ en, zh }: Words): Words {
  return { en: `${en} [y/N] `, zh: `${zh}是否继续？[y/N] ` };
}
