import type { Command } from 'commander';
import { command, perform } from '../command.js';

export function listenCommand(): Command {
  return command(
    'listen',
    {
      en: "Receives WeChat's pushes; answers `success` once they are stored.",
      zh: '接收服务：接收微信推送，保存之后才答复 `success`。',
    },
    'fastregister listen --events-host 0.0.0.0 --events-port 8480',
  ).action(async (_options: object, made: Command) =>
    perform(made, { needs: ['push', 'encryption'], service: true }, async (context) =>
      (await import('../listen.js')).listenAction(context),
    ),
  );
}
