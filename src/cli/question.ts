/** Asks on the terminal before something is done that cannot be undone. */
import { createInterface } from 'node:readline/promises';
import { UsageError } from './command.js';

/** @throws UsageError where nobody is there to be asked */
export async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`${question} No terminal to confirm on; pass --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
