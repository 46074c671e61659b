/** The language of this command, known before its settings are read: a fault in them is reported in it, too. */
import { parseEnv } from 'node:util';
import { LANGUAGES, type Language, languageOfLocale } from '../domain/words.js';

/** `--lang` goes before FASTREGISTER_LANG, the environment before `.env`, and what is no language counts for nothing here. */
export function languageOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  dotenv: string,
): Language {
  const at = args.findIndex((arg) => arg === '--lang' || arg.startsWith('--lang='));
  const flag = args[at] === '--lang' ? args[at + 1] : args[at]?.slice('--lang='.length);
  const named = [flag, env.FASTREGISTER_LANG, parseEnv(dotenv).FASTREGISTER_LANG];
  return LANGUAGES.find((language) => language === named.find((name) => name?.trim())?.trim()) ?? languageOfLocale(env);
}
