/**
 * Checks what was uploaded, once for each way of loading it, while its page shows how far it is. What was found is kept beside the
 * sheet; a check that a process did not finish is made again when its page is opened.
 */
import { join } from 'node:path';
import { isRedisUnable } from '../../domain/ledger-errors.js';
import type { Words } from '../../domain/words.js';
import type { Rules } from '../../producer/checked-page.js';
import { batchIdOf } from '../../producer/load.js';
import { openTally, type Plan } from '../../producer/plan.js';
import { SheetError } from '../../producer/sheets/sheet-error.js';
import { checkContextOf, checkSheet } from '../check.js';
import type { LoadRequest } from '../load.js';
import { openSheetAt } from '../sheets.js';
import { rulesOf } from '../wiring/registration-api.js';
import type { Store } from '../wiring/store.js';
import { type FindingsIndex, openFindings } from './findings.js';
import { readState, sheetPath, UPLOAD_LIMITS, type Upload, writeState } from './folder.js';
import { openLane } from './lane.js';
import { politely } from './polite.js';

/** What changes the plan. */
export type Way = Pick<LoadRequest, 'acceptWarnings'> & { readonly again: boolean };

/** A sheet that was read to its end. */
export interface CheckedFile {
  readonly kind: 'checked';
  /** When the ledger was asked what it knows. */
  readonly at: number;
  readonly format: 'csv' | 'xlsx';
  /** What its reader passed over. */
  readonly notes: readonly Words[];
  readonly hasExample: boolean;
  readonly plan: Plan;
  /** The batch that it becomes. */
  readonly batch: string;
  readonly index: FindingsIndex;
}

export type FileCheck =
  | CheckedFile
  /** `plan`: of the rows so far. Undefined: the sheet waits for its turn, or is being opened. */
  | { readonly kind: 'reading'; readonly plan: Plan | undefined }
  | { readonly kind: 'refused'; readonly words: Words }
  /** An error of ours; it is tried again in a moment. */
  | { readonly kind: 'failed' };

interface RunningCheck {
  plan(): Plan | undefined;
  readonly done: Promise<void>;
  failedAt?: number;
}

/** By the path of what is found out. */
const running = new Map<string, RunningCheck>();

const SMALL_BYTES = 2 * 1024 ** 2;
/** A large sheet takes memory and its time: small ones do not wait for it. */
const lanes = { small: openLane(2), large: openLane(1) };

const AGAIN_AFTER_MS = 10_000;

export const findingsPath = (upload: Upload, at: number, way: Way): string =>
  join(upload.folder, `${nameOf(at, way)}.rows`);

const nameOf = (at: number, { acceptWarnings, again }: Way): string =>
  `${at}.${acceptWarnings ? 'sent' : 'held'}${again ? '.again' : ''}`;

export function rulesFor({ settings, identify }: Pick<Store, 'settings' | 'identify'>, way: Way): Rules {
  return { ...rulesOf(settings, way.acceptWarnings, identify), again: way.again };
}

/** What is known of a file of an upload; the first look begins to read it. */
export async function checkOfFile(store: Store, upload: Upload, at: number, way: Way): Promise<FileCheck> {
  const name = `${nameOf(at, way)}.json`;
  const key = join(upload.folder, name);
  const known = running.get(key);
  if (known !== undefined && Date.now() - (known.failedAt ?? Date.now()) < AGAIN_AFTER_MS) {
    return known.failedAt === undefined ? { kind: 'reading', plan: known.plan() } : { kind: 'failed' };
  }
  const found = await readState<FileCheck>(upload, name);
  if (found !== undefined) return found;
  // Another look may have begun meanwhile.
  if (running.get(key) === known) begin(store, upload, at, way, name);
  return { kind: 'reading', plan: undefined };
}

/** Of every file, when they are read. */
export async function checksOf(store: Store, upload: Upload, way: Way): Promise<FileCheck[]> {
  return Promise.all(upload.files.map((_, at) => checkOfFile(store, upload, at, way)));
}

function begin(store: Store, upload: Upload, at: number, way: Way, name: string): void {
  const key = join(upload.folder, name);
  const tally = openTally();
  let isRead = false;
  const lane = (upload.files[at]?.bytes ?? 0) > SMALL_BYTES ? lanes.large : lanes.small;
  const entry: RunningCheck = {
    plan: () => (isRead ? tally.plan() : undefined),
    done: lane(async () => {
      const add = (row: Parameters<typeof tally.add>[0]): void => {
        isRead = true;
        tally.add(row);
      };
      await writeState(upload, name, await checked(store, upload, at, way, add));
    }).then(
      () => void running.delete(key),
      (error: unknown) => {
        entry.failedAt = Date.now();
        // Removed while it was read, or Redis is away: its page says so.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') running.delete(key);
        else if (!isRedisUnable(error)) store.log.error({ err: error }, 'the check of an upload failed');
      },
    ),
  };
  running.set(key, entry);
}

async function checked(
  store: Store,
  upload: Upload,
  at: number,
  way: Way,
  onRow: (row: Parameters<ReturnType<typeof openTally>['add']>[0]) => void,
): Promise<FileCheck> {
  const began = Date.now();
  const rules = rulesFor(store, way);
  try {
    const sheet = politely(await openSheetAt(sheetPath(upload, at), rules));
    const { carried, columns } = sheet.layout;
    const findings = await openFindings(findingsPath(upload, at, way), carried.indexOf(columns.name));
    try {
      const check = checkSheet(sheet, rules, await checkContextOf(store));
      let rows = 0;
      for await (const page of check.rows) {
        rows += page.length;
        if (rows > UPLOAD_LIMITS.rowsOfFile) throw new SheetError(TOO_MANY_ROWS);
        page.forEach(onRow);
        await findings.add(page);
      }
      const { plan } = await check.result();
      return {
        kind: 'checked',
        at: began,
        format: sheet.kind,
        notes: sheet.notes,
        hasExample: sheet.hasExample === true,
        plan,
        batch: batchIdOf(sheet, rules),
        index: await findings.end(),
      };
    } finally {
      await findings.close();
    }
  } catch (error) {
    if (!(error instanceof SheetError)) throw error;
    return { kind: 'refused', words: error.words };
  }
}

const TOO_MANY_ROWS: Words = {
  en: 'there are more than 1,000,000 rows in it; divide it into several files',
  zh: '超过 1,000,000 行，请拆分为多个文件',
};
