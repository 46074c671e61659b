/** Loading and sending, as a terminal shows them. */
import { type LoadRequest, loadFiles } from '../app/load.js';
import type { SendEvents } from '../app/send-and-listen.js';
import type { SheetFile } from '../app/sheets.js';
import type { Store } from '../app/wiring/store.js';
import { type Batch, byOutcome, type Counts, countOf } from '../domain/batch.js';
import type { State } from '../domain/registration.js';
import type { Loaded } from '../producer/load.js';
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
export function sendEvents(): SendEvents {
  const progress = openProgress();
  return {
    onProgress: ({ counts, now }) =>
      progress.show(progressLine(counts, now) + (now.blockedReason ? ` · ${now.blockedReason.reason.en}` : '')),
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

/** `38/41 done · 3 queued · 120 of 1000 calls today` */
function progressLine(counts: Counts, calls: { used: number; limit: number }): string {
  const outcomes = byOutcome(counts);
  const rows = Object.values(outcomes).reduce((total, count) => total + count, 0);
  const parts = [`${rows - (outcomes.pending ?? 0)}/${rows} done`];
  const shown: readonly State[] = ['queued', 'submitting', 'deferred', 'awaiting_legal_person'];
  for (const state of shown) {
    const count = countOf(counts, state);
    if (count > 0) parts.push(`${count} ${state.replaceAll('_', ' ')}`);
  }
  parts.push(`${calls.used} of ${calls.limit} calls today`);
  return parts.join(' · ');
}
