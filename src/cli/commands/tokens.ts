import { Command } from 'commander';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';

export function tokensCommand(): Command {
  return new Command('tokens')
    .description(
      spoken({
        en: "The refresh tokens of the Mini Programs that were created, for the platform's own service.",
        zh: '已创建小程序的刷新令牌，供平台自己的服务使用。',
      }),
    )
    .addCommand(exportCommand().exitOverride())
    .addCommand(resealCommand().exitOverride());
}

function exportCommand(): Command {
  return command(
    'export',
    {
      en: 'Writes every refresh token that is kept to a file that only you can read (mode 0600), as JSON. Nothing is printed.',
      zh: '将保存的全部刷新令牌以 JSON 写入仅本人可读的文件（权限 0600），不在屏幕上显示。',
    },
    'fastregister tokens export --to tokens.json',
  )
    .requiredOption(
      '--to <FILE>',
      spoken({ en: 'where they are written; a file that is there is replaced', zh: '写入的文件；已有文件将被替换' }),
    )
    .action(async (options: { to: string }, made: Command) =>
      perform(made, { needs: ['encryption'] }, async (context) =>
        (await import('../tokens.js')).exportTokensAction(context, options),
      ),
    );
}

function resealCommand(): Command {
  return command(
    'reseal',
    {
      en: 'Seals refresh tokens, verify ticket and component access token with FASTREGISTER_SECRET_KEY that FASTREGISTER_SECRET_KEY_PREVIOUS has sealed; a day later the old key can go.',
      zh: '将 FASTREGISTER_SECRET_KEY_PREVIOUS 加密的刷新令牌、component_verify_ticket 和 component_access_token 改用 FASTREGISTER_SECRET_KEY 加密；一天后即可停用旧密钥。',
    },
    'fastregister tokens reseal',
  ).action(async (_options: object, made: Command) =>
    perform(made, { needs: ['encryption'] }, async (context) =>
      (await import('../tokens.js')).resealTokensAction(context),
    ),
  );
}
