/** The rows of a page as `page.lua` answers them: packed, with what became of each. */
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import type { DetailColumns, Relation, RowWithOutcome } from '../../domain/row.js';
import { FIELD_JOINT, SHOWN_NAMES, shownRegistrationFrom } from './registration-fields.js';
import { type JoinedRow, joinedRow, unpackRow } from './rows.js';

export const JOINT = '\u001e';

export interface PackedRows {
  readonly rows: readonly string[];
  /** What a report needs of each row's registration (registration-fields.ts). */
  readonly outcomes: readonly string[];
}

export interface PackedPage {
  readonly number: number;
  readonly packed: PackedRows;
}

export const NO_ROWS: PackedRows = { rows: [], outcomes: [] };

export function rowsFrom(
  batch: Batch,
  page: number,
  packed: PackedRows,
  from = 0,
  to = ROWS_PER_PAGE,
): RowWithOutcome[] {
  return packed.rows.slice(from, to).map((_, at) => rowFrom(batch, page, packed, from + at));
}

/** The row at that place of the page. */
export function rowFrom(batch: Batch, page: number, { rows, outcomes }: PackedRows, at: number): RowWithOutcome {
  return unpackedRow(page * ROWS_PER_PAGE + at, rows[at] ?? '', outcomes[at] ?? '', batch.columns);
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

/** A registered row without problems; any other has to be unpacked to be known. */
export interface PlainRow extends JoinedRow {
  readonly id: string;
  /** In the order of SHOWN_NAMES; none of a registration that was never sent. */
  readonly values: readonly string[];
}

const REGISTERED = 0x72;

/** Undefined where the row is another one; cheap, for nearly every row of a large report is such a one. */
export function plainRow(text: string, outcome: string): PlainRow | undefined {
  if (text.charCodeAt(0) !== REGISTERED) return undefined;
  const end = text.indexOf('\n');
  const joined = joinedRow(text, end + 1);
  const values = outcome === '' ? NO_VALUES : outcome.split(FIELD_JOINT);
  if (joined === undefined || (values !== NO_VALUES && values.length !== SHOWN_NAMES.length)) return undefined;
  const { line, cells, details } = joined;
  return { id: text.slice(1, end), line, cells, details, values };
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
