/**
 * The registration that a person means by a name, a code, a Weixin ID, an appid, a task id or the registration's id.
 */
import type { Ledger } from '../redis/ledger/ledger.js';
import { type FindTools, type Found, find, foundAt, keyedBy } from '../reporter/find.js';
import type { ReportOptions } from '../reporter/report.js';

export type Meant =
  | { readonly kind: 'one'; readonly id: string }
  /** One row that our checks refused: it has no registration, and so no history. */
  | { readonly kind: 'refused_row'; readonly row: Found }
  | { readonly kind: 'several'; readonly rows: readonly Found[]; readonly isCut: boolean }
  | { readonly kind: 'none' };

/** More matches are no help to a person who has to choose one. */
export const MOST_TO_CHOOSE_FROM = 20;

export interface MeantTools extends FindTools {
  readonly ledger: Pick<Ledger, 'read'>;
}

export async function meantBy(tools: MeantTools, text: string, options: ReportOptions): Promise<Meant> {
  const keyed = await keyedRegistrations(tools, text);
  const [only] = keyed;
  if (only !== undefined && keyed.length === 1) return { kind: 'one', id: only };

  // By registration; a refused row stands for itself.
  const rows = new Map<string, Found>();
  let isCut = false;
  for await (const found of find(tools, text, options)) {
    const { registration_id: id, batch, line } = found.row;
    const key = id === '' ? `${batch}/${line}` : id;
    if (rows.has(key)) continue;
    if (rows.size === MOST_TO_CHOOSE_FROM) {
      isCut = true;
      break;
    }
    rows.set(key, found);
  }
  const [first] = rows.values();
  if (first === undefined) return { kind: 'none' };
  if (rows.size > 1) return { kind: 'several', rows: await speakingFirst(tools, [...rows.values()], options), isCut };
  const id = first.row.registration_id;
  return id === '' ? { kind: 'refused_row', row: first } : { kind: 'one', id };
}

/**
 * A duplicate, or a row of an older sheet, says little of its merchant: the row whose details are sent stands for the
 * registration. Rows that our checks refused come behind.
 */
async function speakingFirst(tools: MeantTools, found: readonly Found[], options: ReportOptions): Promise<Found[]> {
  const speaking = await Promise.all(
    found.map(async (it) => {
      const { registration_id: id } = it.row;
      const row = id === '' ? undefined : (await tools.ledger.read(id))?.registration.row;
      return (row === undefined ? undefined : await foundAt(tools, row, options)) ?? it;
    }),
  );
  const isRefused = ({ row }: Found): boolean => row.registration_id === '';
  return [...speaking.filter((it) => !isRefused(it)), ...speaking.filter(isRefused)];
}

/** Finds also a registration whose rows were purged: its outcome is kept. */
async function keyedRegistrations(tools: MeantTools, text: string): Promise<string[]> {
  const ids = [...new Set(await keyedBy(tools, text))];
  const there = await Promise.all(ids.map(async (id) => (await tools.ledger.read(id)) !== undefined));
  return ids.filter((_, at) => there[at]);
}
