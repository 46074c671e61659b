import { type WorkEnding, work } from '../app/work.js';
import { joined } from '../domain/words.js';
import { type CommandContext, EXIT } from './command.js';
import { onInterruption, say } from './terminal.js';

export async function workAction({ open }: CommandContext, options: { drain?: true }): Promise<number> {
  const { signal } = onInterruption();
  return printEnding(await work(await open('background'), { drain: options.drain === true, signal }));
}

function printEnding(ending: WorkEnding): number {
  switch (ending.kind) {
    case 'stopped':
      if (ending.blockedReason !== undefined) say(joined([ending.blockedReason.reason, ending.blockedReason.nextStep]));
      return EXIT.stopped;
    case 'drained':
      if (ending.waiting > 0) {
        say({
          en: `${ending.waiting} rows wait for a push, another day or a person: \`fastregister status\` says which.`,
          zh: `还有 ${ending.waiting} 行在等待推送、等待改日提交或等待人工处理，详见 \`fastregister status\`。`,
        });
      }
      return EXIT.done;
    case 'interrupted':
      return EXIT.done;
  }
}
