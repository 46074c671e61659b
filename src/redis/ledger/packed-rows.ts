/** The rows of a page as `page.lua` answers them: packed, with what became of each. */
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import type { DetailColumns, Relation, RowWithOutcome } from '../../domain/row.js';
import { FIELD_JOINT, SHOWN_NAMES, shownRegistrationFrom } from './registration-fields.js';
import { unpackRow } from './rows.js';

export const JOINT = '\u001e';

export interface PackedRows {
  readonly rows: readonly string[];
  readonly registrations: readonly string[];
}

export const NO_ROWS: PackedRows = { rows: [], registrations: [] };

export function rowsFrom(
  batch: Batch,
  page: number,
  packed: PackedRows,
  from = 0,
  to = ROWS_PER_PAGE,
): RowWithOutcome[] {
  const first = page * ROWS_PER_PAGE + from;
  return packed.rows
    .slice(from, to)
    .map((text, at) => unpackedRow(first + at, text, packed.registrations[from + at] ?? '', batch.columns));
}

export function unpackedRow(index: number, text: string, fields: string, columns: DetailColumns): RowWithOutcome {
  const end = text.indexOf('\n');
  const relation = relationFrom(text.slice(0, end));
  const row = unpackRow(text.slice(end + 1), columns);
  if (relation.kind === 'refused') return { index, relation, row, registration: undefined };
  const values = fields.split(FIELD_JOINT);
  const registration = shownRegistrationFrom(relation.id, values);
  if (values.length === SHOWN_NAMES.length) return { index, relation, row, registration };
  return { index, relation, row, registration, isSuperseded: true };
}

function relationFrom(text: string): Relation {
  const rest = text.slice(1);
  switch (text[0]) {
    case 'r':
      return { kind: 'registered', id: rest };
    case 'w':
      return { kind: 'waits', id: rest };
    case 'c': {
      const [id = '', by = '', attempts] = rest.split('|');
      return {
        kind: 'replaced',
        id,
        ...(by !== '' && { by }),
        ...(attempts !== undefined && { attempts: Number(attempts) }),
      };
    }
    case 'a': {
      const [id = '', appid = ''] = rest.split('|');
      return { kind: 'already_created', id, ...(appid !== '' && { appid }) };
    }
    case 'd': {
      const [id = '', firstIndex] = rest.split('|');
      return { kind: 'duplicate', id, firstIndex: Number(firstIndex) };
    }
    default:
      return { kind: 'refused' };
  }
}
