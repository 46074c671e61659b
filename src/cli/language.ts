/** The language of this command: one process runs one command, and speaks one language. */
import { parseEnv } from 'node:util';
import { readDotenv } from '../config.js';
import { withMomentsInWords } from '../domain/calendar.js';
import { LANGUAGES, type Language, languageOfLocale, type Words } from '../domain/words.js';

let language: Language = 'en';

export function speak(to: Language): void {
  language = to;
}

export function spokenLanguage(): Language {
  return language;
}

/** Sentences have times as data has them; in Chinese they are read as the clock on the wall shows them. */
export function spoken(words: Words): string {
  return language === 'en' ? words.en : withMomentsInWords(words.zh, 'zh', Date.now());
}

/** Before the settings are read: help, and a fault in the settings, are in the language of the command, too. */
export function speakAsCalled(args: readonly string[]): void {
  speak(languageOf(args, process.env, dotenv()));
}

/** `--lang` goes before FASTREGISTER_LANG, the environment before `.env`, and what is no language counts for nothing here. */
export function languageOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  dotenv: string,
): Language {
  const at = args.findIndex((arg) => arg === '--lang' || arg.startsWith('--lang='));
  const flag = args[at] === '--lang' ? args[at + 1] : args[at]?.slice('--lang='.length);
  const named = [flag, env.FASTREGISTER_LANG, parseEnv(dotenv).FASTREGISTER_LANG].find((name) => name?.trim());
  return LANGUAGES.find((it) => it === named?.trim()) ?? languageOfLocale(env);
}

/** A `.env` that cannot be read is refused with the settings. */
function dotenv(): string {
  try {
    return readDotenv(process.cwd());
  } catch {
    return '';
  }
}
