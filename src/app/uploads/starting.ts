/**
 * Makes the batches of an upload: once, however often it is asked for. The first request claims it by a file, and its options count;
 * what a process that ended left half loaded goes on, because loading the same sheet again finds the same batch.
 */

import { UserError, type Words } from '../../domain/words.js';
import { refuseMostlyInvalid } from '../../producer/checked-rows.js';
import { load } from '../../producer/load.js';
import type { LoadRequest } from '../load.js';
import { RequestError } from '../request-error.js';
import { openSheetAt, withFileName } from '../sheets.js';
import type { Store } from '../wiring/store.js';
import { type CheckedFile, checksOf, rulesFor } from './checking.js';
import {
  claimState,
  dropSheets,
  dropState,
  findUpload,
  listUploads,
  readState,
  sheetPath,
  type Upload,
  writeState,
} from './folder.js';
import { politely } from './polite.js';

export type StartRequest = LoadRequest & { readonly again: boolean };

/** What was asked for first. */
export interface Start {
  readonly user: string;
  readonly at: number;
  readonly request: StartRequest;
  /** Those that are loaded: a file that cannot be read is left out. */
  readonly files: readonly { readonly at: number; readonly batch: string }[];
}

export interface Started {
  readonly start: Start;
  /** Every batch is loaded, and the sheets are deleted. */
  readonly isDone: boolean;
}

interface Loading {
  /** Of the sheet that is being loaded. */
  rows: number;
  readonly done: Promise<void>;
  failure?: { readonly at: number; readonly words: Words | undefined };
}

/** By the upload's folder. */
const loadings = new Map<string, Loading>();
const AGAIN_AFTER_MS = 10_000;
/** Older than this nothing goes on by itself. */
const LONGEST_MS = 7 * 86_400_000;

/** Undefined: it was not started. */
export async function startedUpload(upload: Upload): Promise<Started | undefined> {
  const start = await readState<Start>(upload, 'start.json');
  if (start === undefined) return undefined;
  return { start, isDone: (await readState(upload, 'done.json')) !== undefined };
}

/** How far the loading is in this process, and what stopped it. */
export function loadingOf({ folder }: Upload): Pick<Loading, 'rows' | 'failure'> | undefined {
  return loadings.get(folder);
}

/**
 * @returns when it is loaded, or `waitMs` are over
 * @throws RequestError, SheetError where nothing can be loaded
 */
export async function startUpload(
  store: Store,
  id: string,
  { user, request, waitMs }: { user: string; request: StartRequest; waitMs: number },
): Promise<Started> {
  const upload = await findUpload(store.settings, id, Date.now());
  if ((await startedUpload(upload)) === undefined) {
    const files = await filesToLoad(store, upload, request);
    await claimState(upload, 'start.json', { user, at: Date.now(), request, files } satisfies Start);
  }
  await Promise.race([continueLoading(store, upload), new Promise((resolve) => setTimeout(resolve, waitMs).unref())]);
  const started = await startedUpload(upload);
  const words = loadings.get(upload.folder)?.failure?.words;
  if (started === undefined) throw new UserError(words ?? TRY_AGAIN);
  return started;
}

async function filesToLoad(store: Store, upload: Upload, request: StartRequest): Promise<Start['files']> {
  const checks = await checksOf(store, upload, request);
  if (checks.some(({ kind }) => kind === 'reading' || kind === 'failed')) throw new RequestError('refused', NOT_READ);
  const readable = checks
    .map((check, at) => ({ check, at }))
    .filter((it): it is { check: CheckedFile; at: number } => it.check.kind === 'checked' && it.check.plan.rows > 0);
  if (readable.length === 0) throw new RequestError('refused', NOTHING_TO_LOAD);
  for (const { check, at } of readable) {
    const { rows, invalid } = check.plan;
    const refuse = (): void => refuseMostlyInvalid({ rows, refused: invalid }, request.mostInvalid ?? 1);
    await withFileName(upload.files[at]?.name ?? '', refuse);
  }
  return readable.map(({ check, at }) => ({ at, batch: check.batch }));
}

/** Where it is started, not loaded yet, and not being loaded here. */
export function continueLoading(store: Store, upload: Upload): Promise<void> {
  const known = loadings.get(upload.folder);
  if (known !== undefined && Date.now() - (known.failure?.at ?? Date.now()) < AGAIN_AFTER_MS) return known.done;
  const loading: Loading = {
    rows: 0,
    done: loadStarted(store, upload, (rows) => {
      loading.rows = rows;
    }).then(
      () => void loadings.delete(upload.folder),
      async (error: unknown) => {
        store.log.error({ err: error }, 'an upload could not be loaded');
        loading.failure = { at: Date.now(), words: error instanceof UserError ? error.words : undefined };
        await releaseWhereNothingIsLoaded(store, upload).catch(() => {});
      },
    ),
  };
  loadings.set(upload.folder, loading);
  return loading.done;
}

async function loadStarted(store: Store, upload: Upload, onRows: (rows: number) => void): Promise<void> {
  const started = await startedUpload(upload);
  if (started === undefined || started.isDone) return;
  const { files, request } = started.start;
  const rules = rulesFor(store, request);
  const options = { batches: store.batches, rules, now: Date.now, canaries: request.canaries, onProgress: onRows };
  for (const { at } of files) {
    const name = upload.files[at]?.name ?? '';
    await withFileName(name, async () =>
      load(politely(await openSheetAt(sheetPath(upload, at), rules)), name, options),
    );
  }
  await writeState(upload, 'done.json', { at: Date.now() });
  await dropSheets(upload);
}

/** Then it can be started with other options. */
async function releaseWhereNothingIsLoaded({ batches }: Store, upload: Upload): Promise<void> {
  const started = await startedUpload(upload);
  if (started === undefined) return;
  const found = await Promise.all(started.start.files.map(({ batch }) => batches.find(batch)));
  if (found.every((batch) => batch === undefined)) await dropState(upload, 'start.json');
}

/** What a process that ended has left half loaded. */
export async function continueEvery(store: Store): Promise<void> {
  for (const upload of await listUploads(store.settings, Date.now(), LONGEST_MS)) {
    const started = await startedUpload(upload);
    if (started !== undefined && !started.isDone) await continueLoading(store, upload);
  }
}

const NOT_READ: Words = {
  en: 'The sheet is still being read. Start it when its plan is shown.',
  zh: '表格仍在读取中，请在显示提交计划后再启动。',
};
const NOTHING_TO_LOAD: Words = {
  en: 'There is no merchant in the upload that could be loaded.',
  zh: '上传的文件中没有可导入的商户。',
};
const TRY_AGAIN: Words = {
  en: 'The sheet could not be loaded because of an error of fastregister, which is in the log of this process. Nothing was stored; try again.',
  zh: 'fastregister 出错，表格未能导入，详情见本进程的日志。未保存任何内容，请重试。',
};
