import { startListeningAtOnce } from '../app/wiring/listening.js';
import { type CommandContext, EXIT } from './command.js';
import { aborted, onInterruption, say } from './terminal.js';

export async function listenAction({ settings, log, open }: CommandContext): Promise<number> {
  const { signal } = onInterruption();
  const listening = await startListeningAtOnce(settings, log, () => open('background', signal), signal);
  await aborted(signal);
  await listening.close();
  say({ en: 'Every push that was answered is stored.', zh: '已答复的推送均已保存。' });
  return EXIT.done;
}
