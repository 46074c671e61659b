/** The rows of a page as `page.lua` answers them: packed, with what became of each. */
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import type { DetailColumns, Relation, RowWithOutcome } from '../../domain/row.js';
import { FIELD_JOINT, SHOWN_NAMES, shownRegistrationFrom } from './registration-fields.js';
import { RELATION_CODES } from './relation-codes.js';
import { unpackRow } from './rows.js';

export const JOINT = '\u001e';

export interface PackedRows {
  readonly rows: readonly string[];
  /** What a report needs of each row's registration (registration-fields.ts). */
  readonly outcomes: readonly string[];
}

/** A page, or a part of one, as Redis answers it: the rows, and what a report needs of each row's registration. */
export interface PackedPage {
  /** Index of its first row in the batch. */
  readonly first: number;
  readonly rows: Buffer;
  readonly outcomes: Buffer;
}

export const NO_ROWS: PackedRows = { rows: [], outcomes: [] };

export function packedRows({ rows, outcomes }: Pick<PackedPage, 'rows' | 'outcomes'>): PackedRows {
  return rows.length === 0
    ? NO_ROWS
    : { rows: rows.toString().split(JOINT), outcomes: outcomes.toString().split(JOINT) };
}

export function rowsFrom(
  batch: Batch,
  first: number,
  { rows, outcomes }: PackedRows,
  from = 0,
  to = ROWS_PER_PAGE,
): RowWithOutcome[] {
  return rows
    .slice(from, to)
    .map((text, at) => unpackedRow(first + from + at, text, outcomes[from + at] ?? '', batch.columns));
}

/** Of a registration that was never sent. */
const NO_VALUES: readonly string[] = [];

export function unpackedRow(index: number, text: string, fields: string, columns: DetailColumns): RowWithOutcome {
  const end = text.indexOf('\n');
  const relation = relationFrom(text.slice(0, end));
  const row = unpackRow(text.slice(end + 1), columns);
  if (relation.kind === 'refused') return { index, relation, row, registration: undefined };
  const values = fields === '' ? NO_VALUES : fields.split(FIELD_JOINT);
  const registration = shownRegistrationFrom(relation.id, values);
  if (values === NO_VALUES || values.length === SHOWN_NAMES.length) return { index, relation, row, registration };
  return { index, relation, row, registration, isSuperseded: true };
}

function relationFrom(text: string): Relation {
  const rest = text.slice(1);
  switch (text[0]) {
    case RELATION_CODES.registered:
      return { kind: 'registered', id: rest };
    case RELATION_CODES.waits:
      return { kind: 'waits', id: rest };
    case RELATION_CODES.replaced: {
      const [id = '', by = '', attempts] = rest.split('|');
      return {
        kind: 'replaced',
        id,
        ...(by !== '' && { by }),
        ...(attempts !== undefined && { attempts: Number(attempts) }),
      };
    }
    case RELATION_CODES.already_created: {
      const [id = '', appid = ''] = rest.split('|');
      return { kind: 'already_created', id, ...(appid !== '' && { appid }) };
    }
    case RELATION_CODES.duplicate: {
      const [id = '', firstIndex] = rest.split('|');
      return { kind: 'duplicate', id, firstIndex: Number(firstIndex) };
    }
    default:
      return { kind: 'refused' };
  }
}
