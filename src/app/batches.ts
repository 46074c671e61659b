/** The batches there are, and how many rows of each have which outcome. */
import { type Batch, byOutcome, type Counts } from '../domain/batch.js';
import { same, type Words } from '../domain/words.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

/**
 * Without `id`: the newest sheet.
 *
 * @param advice what else `id` should have been, where it is no batch
 * @throws RequestError that names the batches there are
 */
export async function batchNamed(
  { batches }: Pick<Store, 'batches'>,
  id: string | undefined,
  advice: Words = { en: '', zh: '' },
): Promise<Batch> {
  const named = id === undefined ? undefined : await batches.find(id);
  if (named !== undefined) return named;
  // Of thousands of batches the ids are read only where they are needed.
  const ids = await batches.list();
  const batch = id === undefined ? await newestSheet(batches, ids) : undefined;
  if (batch !== undefined) return batch;
  if (ids.length === 0) {
    throw new RequestError('not_found', {
      en: 'There is no batch yet. Load a sheet first: fastregister load FILE',
      zh: '还没有批次。请先导入表格：fastregister load 文件',
    });
  }
  const newest = ids.slice(-3).reverse();
  throw new RequestError('not_found', {
    en: `There is no batch ${id ?? newest[0]}. The newest are ${newest.join(', ')}.${advice.en && ` ${advice.en}`}`,
    zh: `没有批次 ${id ?? newest[0]}。最新的批次是 ${newest.join('、')}。${advice.zh}`,
  });
}

/** Without a batch a sheet is meant, not the one row that was corrected last. */
async function newestSheet(batches: Store['batches'], ids: readonly string[]): Promise<Batch | undefined> {
  let newest: Batch | undefined;
  for (const id of ids.toReversed()) {
    const batch = await batches.find(id);
    if (batch !== undefined && batch.correction === undefined) return batch;
    newest ??= batch;
  }
  return newest;
}

/** In the order of loading. */
export async function everyBatch({ batches }: Pick<Store, 'batches'>): Promise<Batch[]> {
  const all = await Promise.all((await batches.list()).map(batches.find));
  return all.filter((batch) => batch !== undefined);
}

/** A batch in a list of them. */
export interface BatchSummary {
  readonly batch: string;
  /** `(purged)` where its merchants' data was deleted, and the file name with it. */
  readonly file: string;
  readonly rows: number;
  readonly complete: boolean;
  readonly outcomes: ReturnType<typeof byOutcome>;
}

const PURGED: Words = { en: '(purged)', zh: '（已清除）' };

/** The file of a batch in a list of them. */
export function fileInWords(file: string): Words {
  return file === PURGED.en ? PURGED : same(file);
}

export function batchSummary({ id, file, rows, complete, purgedAt }: Batch, counts: Counts): BatchSummary {
  return { batch: id, file: purgedAt === undefined ? file : PURGED.en, rows, complete, outcomes: byOutcome(counts) };
}

export async function listBatches(
  store: Pick<Store, 'batches'>,
): Promise<(BatchSummary & { readonly loadedAt: number })[]> {
  return Promise.all(
    (await everyBatch(store)).map(async (batch) => ({
      ...batchSummary(batch, await store.batches.counts(batch.id)),
      loadedAt: batch.loadedAt,
    })),
  );
}

export const NO_BATCH: Words = {
  en: 'No batch yet. Load a sheet: fastregister load FILE',
  zh: '还没有批次。导入表格的命令：fastregister load 文件',
};

export const LOAD_AGAIN: Words = {
  en: 'loading was interrupted: load it again',
  zh: '导入中断，请重新导入',
};
