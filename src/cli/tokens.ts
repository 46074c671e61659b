import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { exportTokens, resealTokens } from '../app/tokens.js';
import { counted } from '../domain/words.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { spoken } from './language.js';
import { say } from './terminal.js';

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
    .action(async ({ to }: { to: string }, made: Command) =>
      perform(made, { needs: ['encryption'] }, async ({ open: openStore }) => {
        const tokens = (await exportTokens(await openStore('interactive'))).map((token) => ({
          appid: token.appid,
          refresh_token: token.refreshToken,
          registration_id: token.registration,
          kept_at: new Date(token.keptAt).toISOString(),
        }));
        await writePrivately(to, `${JSON.stringify(tokens, null, 2)}\n`);
        say({
          en: `${to}: ${counted(tokens.length, 'refresh token')}. A program with a token acts for its Mini Program: delete the file when it is read.`,
          zh: `${to}：刷新令牌 ${tokens.length} 个。持有令牌即可代小程序操作，读取后请删除该文件。`,
        });
        return EXIT.done;
      }),
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
    perform(made, { needs: ['encryption'] }, async ({ open: openStore }) => {
      const { tokens, of, ofPlatform } = await resealTokens(await openStore('interactive'));
      say({
        en: `${tokens} of ${of} refresh tokens were sealed anew${ofPlatform > 0 ? ", and the platform's verify ticket and access token" : ''}. When all processes have had the new key for a day, FASTREGISTER_SECRET_KEY_PREVIOUS can be removed: until then the journals hold what the old key has sealed.`,
        zh: `已重新加密刷新令牌 ${tokens} 个，共 ${of} 个${ofPlatform > 0 ? '，以及平台的 component_verify_ticket 和 component_access_token' : ''}。所有进程使用新密钥满一天后，即可删除 FASTREGISTER_SECRET_KEY_PREVIOUS；在此之前，日志文件（journal）中仍有旧密钥加密的内容。`,
      });
      return EXIT.done;
    }),
  );
}

/** Whole or not at all, and never readable by others, not even while it is written. */
async function writePrivately(path: string, text: string): Promise<void> {
  const unfinished = join(dirname(path), `.${randomBytes(6).toString('hex')}.tokens`);
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new UsageError({
      en: `${path} cannot be written (${code ?? message}). Choose a folder that you may write to.`,
      zh: `无法写入 ${path}（${code ?? message}）。请选择有写入权限的文件夹。`,
    });
  }
}
