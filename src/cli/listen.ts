import type { Command } from 'commander';
import { startListeningAtOnce } from '../app/wiring/listening.js';
import { command, EXIT, perform } from './command.js';
import { aborted, onInterruption, say } from './terminal.js';

export function listenCommand(): Command {
  return command(
    'listen',
    {
      en: "Receives WeChat's pushes; answers `success` once they are stored.",
      zh: '接收服务：接收微信推送，保存之后才答复 `success`。',
    },
    'fastregister listen --events-host 0.0.0.0 --events-port 8480',
  ).action(async (_options: object, made: Command) =>
    perform(made, { needs: ['push', 'encryption'], service: true }, async ({ settings, log, open }) => {
      const { signal } = onInterruption();
      const listening = await startListeningAtOnce(settings, log, () => open('background', signal), signal);
      await aborted(signal);
      await listening.close();
      say({ en: 'Every push that was answered is stored.', zh: '已答复的推送均已保存。' });
      return EXIT.done;
    }),
  );
}
