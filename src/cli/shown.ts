/** Loading and sending, as a terminal shows them. */
import { type LoadRequest, loadFiles } from '../app/load.js';
import type { SendEvents } from '../app/send-and-listen.js';
import type { SheetFile } from '../app/sheets.js';
import type { Store } from '../app/wiring/store.js';
import type { Batch } from '../domain/batch.js';
import type { Language } from '../domain/words.js';
import type { Loaded } from '../producer/load.js';
import { openPace, progressLine } from './progress.js';
import { openProgress, say } from './terminal.js';

/** @throws SheetError */
export async function loadShown(store: Store, files: readonly string[], request: LoadRequest): Promise<Loaded[]> {
  let progress = openProgress();
  try {
    return await loadFiles(store, files, request, {
      onOpened: sayNotes,
      onProgress: (file, rows) => progress.show(`${file}: ${rows} rows`),
      onLoaded(file, loaded) {
        progress.end();
        say(describe(file, loaded, request));
        progress = openProgress();
      },
    });
  } finally {
    progress.end();
  }
}

export function sayNotes({ file, sheet }: SheetFile): void {
  for (const note of sheet.notes) say(`${file}: ${note}`);
}

/** What is to be shown while a run sends. */
export function sendEvents(language: Language): SendEvents {
  const progress = openProgress();
  const paceOf = openPace();
  const options = { language, withBar: process.stderr.isTTY === true };
  return {
    onProgress({ counts, now }) {
      const { blockedReason } = now;
      const note = blockedReason && { about: blockedReason.problem, text: blockedReason.reason[language] };
      const pace = paceOf(counts, Date.now());
      // Nobody can say how long it takes while nothing is sent.
      progress.show(progressLine(counts, now, note === undefined ? pace : undefined, options), note);
    },
    onSettled: () => progress.end(),
    onOtherReceiver: (address) =>
      say(`Pushes are taken by the fastregister receiver that already listens on ${address}.`),
  };
}

function describe(file: string, { batch, known, counts }: Loaded, { acceptWarnings }: LoadRequest): string {
  if (batch.purgedAt !== undefined) {
    return `${file}: was batch ${batch.id}, whose merchants were purged; nothing was changed. To load it anew, change the file.`;
  }
  if (known) return `${file}: known already as batch ${batch.id} (${batch.rows} rows); nothing was changed.`;
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return `${file}: batch ${batch.id}, ${batch.rows} rows${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.${aboutWarnings(batch, acceptWarnings)}`;
}

function aboutWarnings({ warned = 0 }: Batch, accepted: boolean): string {
  if (warned === 0) return '';
  const what = accepted ? 'accepted all the same' : 'held back by --accept-warnings=no';
  return ` ${warned} ${warned === 1 ? 'row has' : 'rows have'} warnings and ${warned === 1 ? 'was' : 'were'} ${what}.`;
}
