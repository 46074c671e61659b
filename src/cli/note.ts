import { addNote, type Noted } from '../app/note.js';
import { isoWithOffset } from '../domain/calendar.js';
import type { Words } from '../domain/words.js';
import { type CommandContext, EXIT } from './command.js';
import { registrationId } from './exact-id.js';
import { languageFrom } from './flags.js';
import { printJson, say } from './terminal.js';
import { whoAsks } from './who.js';

export interface NoteFlags {
  readonly contacted?: true;
  readonly by?: string;
  readonly lang?: string;
  readonly json?: true;
}

export async function noteAction(
  { open, settings }: CommandContext,
  id: string,
  text: string,
  options: NoteFlags,
): Promise<number> {
  const language = languageFrom(options.lang);
  const registration = registrationId('note', id);
  const { ledger } = await open('interactive');
  const who = options.by ?? whoAsks();
  const noted = await addNote(ledger, registration, { text, who, contacted: options.contacted === true });
  const time = (at: number): string => isoWithOffset(at, settings.quotaTimezone);
  if (options.json) await printJson(asJson(noted, time));
  else say(DONE(noted)[language]);
  return EXIT.done;
}

function asJson({ registration, at, who, contacted, text }: Noted, time: (at: number) => string): object {
  return { registration_id: registration, at: time(at), by: who, contacted, text };
}

const DONE = ({ registration, who, contacted }: Noted): Words => ({
  en: `Noted by ${who}${contacted ? ', with a contact' : ''}: \`fastregister explain ${registration}\` shows it.`,
  zh: `已记录（${who}${contacted ? '，已联系商户' : ''}）：可用 \`fastregister explain ${registration}\` 查看。`,
});
