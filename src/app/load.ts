/** Sheets become batches: each file is one, and its rows are queued. */
import { batchIdOf, type Loaded, load } from '../producer/load.js';
import { type OpenEvents, openSheetFiles, withFileName } from './sheets.js';
import { rulesOf } from './wiring/registration-api.js';
import type { Store } from './wiring/store.js';

export interface LoadRequest {
  /** False: rows with warnings are held back. */
  readonly acceptWarnings: boolean;
  /** A merchant that has a Mini Program gets one more. */
  readonly again?: boolean | undefined;
  /** A file with a larger share of invalid rows is refused. */
  readonly mostInvalid?: number;
  /** How many rows of each file are sent first; 0: all at once. */
  readonly canaries: number;
}

export interface LoadEvents extends Pick<OpenEvents, 'onOpened'> {
  /** `rows`: how many of the file are loaded so far. */
  readonly onProgress?: (file: string, rows: number) => void;
  readonly onLoaded?: (file: string, loaded: Loaded) => void;
}

/** Opens every file before it loads the first, so a refused file does not stop the load half-way. @throws SheetError */
export async function loadFiles(
  { batches, settings, identify }: Pick<Store, 'batches' | 'settings' | 'identify'>,
  files: readonly string[],
  request: LoadRequest,
  { onOpened, onProgress, onLoaded }: LoadEvents = {},
): Promise<Loaded[]> {
  const rules = rulesFor({ settings, identify }, request);
  const limit = { mostInvalid: request.mostInvalid ?? 1, past: batches.existingMatches };
  const sheets = await openSheetFiles(files, rules, limit, { onOpened });
  const loaded: Loaded[] = [];
  for (const { file, sheet } of sheets) {
    const result = await withFileName(file, () =>
      load(sheet, file, {
        batches,
        rules,
        now: Date.now,
        canaries: request.canaries,
        onProgress: (rows) => onProgress?.(file, rows),
      }),
    );
    onLoaded?.(file, result);
    loaded.push(result);
  }
  return loaded;
}

/** The id of the batch that a file is, or would be. @throws SheetError */
export async function batchIdIn(store: RulesStore, file: string, request: LoadRequest): Promise<string> {
  const rules = rulesFor(store, request);
  const [opened] = await openSheetFiles([file], rules, undefined);
  return opened === undefined ? '' : batchIdOf(opened.sheet, rules);
}

type RulesStore = Pick<Store, 'settings' | 'identify'>;

function rulesFor({ settings, identify }: RulesStore, { acceptWarnings, again }: LoadRequest) {
  return { ...rulesOf(settings, acceptWarnings, identify), again };
}
