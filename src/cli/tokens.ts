import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exportTokens, resealTokens } from '../app/tokens.js';
import { counted } from '../domain/words.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { say } from './terminal.js';

export async function exportTokensAction({ open: openStore }: CommandContext, { to }: { to: string }): Promise<number> {
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
}

export async function resealTokensAction({ open: openStore }: CommandContext): Promise<number> {
  const { tokens, of, ofPlatform } = await resealTokens(await openStore('interactive'));
  say({
    en: `${tokens} of ${of} refresh tokens were sealed anew${ofPlatform > 0 ? ", and the platform's verify ticket and access token" : ''}. When all processes have had the new key for a day, FASTREGISTER_SECRET_KEY_PREVIOUS can be removed: until then the journals hold what the old key has sealed.`,
    zh: `已重新加密刷新令牌 ${tokens} 个，共 ${of} 个${ofPlatform > 0 ? '，以及平台的 component_verify_ticket 和 component_access_token' : ''}。所有进程使用新密钥满一天后，即可删除 FASTREGISTER_SECRET_KEY_PREVIOUS；在此之前，日志文件（journal）中仍有旧密钥加密的内容。`,
  });
  return EXIT.done;
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
