/** The fields of a batch's hash, and its counts. */
import type { Batch, Counts } from '../../domain/batch.js';

type Fields = Readonly<Record<string, string>>;

/** Undefined if there is no such batch, or its opener has only written its time so far. */
export function batchFrom(id: string, fields: Fields): Batch | undefined {
  if (fields.columns === undefined) return undefined;
  return {
    id,
    file: fields.file ?? '',
    headings: JSON.parse(fields.headings ?? '[]') as string[],
    columns: JSON.parse(fields.columns) as number[],
    loadedAt: Number(fields.loadedAt),
    rows: Number(fields.rows ?? 0),
    ...(fields.warned !== undefined && { warned: Number(fields.warned) }),
    ...(fields.replaces !== undefined && { replaces: Number(fields.replaces) }),
    complete: fields.complete === '1',
    ...(fields.correction !== undefined && {
      correction: JSON.parse(fields.correction) as NonNullable<Batch['correction']>,
    }),
    ...(fields.purgedAt !== undefined && { purgedAt: Number(fields.purgedAt) }),
  };
}

export function countsFrom(fields: Fields): Counts {
  return Object.fromEntries(
    Object.entries(fields)
      .map(([name, count]) => [name, Number(count)] as const)
      .filter(([, count]) => count > 0),
  );
}
