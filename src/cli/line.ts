import { pause, resume, resumedInWords } from '../app/line.js';
import { type CommandContext, EXIT } from './command.js';
import { say } from './terminal.js';

export async function pauseAction({ open }: CommandContext, options: { because: string }): Promise<number> {
  await pause(await open('interactive'), options.because, Date.now());
  say({
    en: 'The line is stopped. `fastregister resume` starts it again.',
    zh: '已人工暂停提交。恢复提交的命令：`fastregister resume`。',
  });
  return EXIT.done;
}

export async function resumeAction({ open }: CommandContext): Promise<number> {
  for (const words of resumedInWords(await resume(await open('interactive')))) say(words);
  return EXIT.done;
}
