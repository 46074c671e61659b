import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { exportTokens, resealTokens } from '../app/tokens.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { say } from './terminal.js';

export function tokensCommand(): Command {
  return new Command('tokens')
    .description("The refresh tokens of the Mini Programs that were created, for the platform's own service.")
    .addCommand(exportCommand().exitOverride())
    .addCommand(resealCommand().exitOverride());
}

function exportCommand(): Command {
  return command(
    'export',
    'Writes every refresh token that is kept to a file that only you can read (mode 0600), as JSON. Nothing is printed.',
    'fastregister tokens export --to tokens.json',
  )
    .requiredOption('--to <FILE>', 'where they are written; a file that is there is replaced')
    .action(async ({ to }: { to: string }, made: Command) =>
      perform(made, { needs: ['encryption'] }, async ({ open: openStore }) => {
        const tokens = (await exportTokens(await openStore('interactive'))).map((token) => ({
          appid: token.appid,
          refresh_token: token.refreshToken,
          registration_id: token.registration,
          kept_at: new Date(token.keptAt).toISOString(),
        }));
        await writePrivately(to, `${JSON.stringify(tokens, null, 2)}\n`);
        say(
          `${to}: ${tokens.length} refresh tokens. Whoever has one acts for its Mini Program: delete the file when it is read.`,
        );
        return EXIT.done;
      }),
    );
}

function resealCommand(): Command {
  return command(
    'reseal',
    'Seals refresh tokens, verify ticket and component access token with FASTREGISTER_SECRET_KEY that FASTREGISTER_SECRET_KEY_PREVIOUS has sealed; then the old key can go.',
    'fastregister tokens reseal',
  ).action(async (_options: object, made: Command) =>
    perform(made, { needs: ['encryption'] }, async ({ open: openStore }) => {
      const { tokens, of, ofPlatform } = await resealTokens(await openStore('interactive'));
      say(
        `${tokens} of ${of} refresh tokens were sealed anew${ofPlatform > 0 ? ", and the platform's verify ticket and access token" : ''}. When all processes have the new key, FASTREGISTER_SECRET_KEY_PREVIOUS can be removed; auth_codes that the old key has sealed live ten minutes.`,
      );
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
    throw new UsageError(`${path} cannot be written (${code ?? message}). Choose a folder that you may write to.`);
  }
}
