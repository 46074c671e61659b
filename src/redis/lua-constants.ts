/**
 * What the Lua scripts must know of the tables of `domain/`: written out in their text before it is loaded, as the names of
 * keys are (keys.ts). A script writes `constant.rowsPerPage`, `constant.relation.waits` for one value of a table, and
 * `field.state` for a field of a registration's hash (registration-fields.ts). A table is made anew wherever it stands, so a
 * script that needs one seldom names it in a function.
 */

import { ROWS_PER_PAGE } from '../domain/batch.js';
import { QUOTA_DAY_KEPT_S } from '../domain/budgets.js';
import { LINE_MOVES, LINE_STATES, type LineEvent, type LineState, PROBE_EVENTS } from '../domain/line.js';
import { LONGEST_LIFE_MS } from '../domain/presence.js';
import {
  isUnsent,
  newRegistration,
  PURGED_ROW,
  STATES,
  STATES_THAT_SETTLE_ROWS,
  type State,
} from '../domain/registration.js';
import { RELAY_LOOKS_EVERY_MS } from '../domain/work.js';
import { SHOWN_NAMES, shortNameOf } from './ledger/registration-fields.js';
import { RELATION_CODES } from './ledger/relation-codes.js';

type Constant = string | number | boolean | { readonly [name: string]: Constant };

const CONSTANTS: Readonly<Record<string, Constant>> = {
  rowsPerPage: ROWS_PER_PAGE,
  purgedRow: PURGED_ROW,
  relation: RELATION_CODES,
  relayLooksEveryMs: RELAY_LOOKS_EVERY_MS,
  dayExpiresS: QUOTA_DAY_KEPT_S,
  threeDaysS: 3 * 86_400,
  longestLifeMs: LONGEST_LIFE_MS,
  newState: newRegistration('', '').state,
  /** `lineMoves[event][state]`: the state that the event leads to. */
  lineMoves: lineMoves(),
  /** Of each state of the line when a call may go as its probe. */
  lineProbes: columnOf(LINE_STATES, 'probe'),
  probeEvents: PROBE_EVENTS,
  shownFields: SHOWN_NAMES.join(' '),
  verdictOfState: columnOf(STATES, 'verdict'),
  unsentStates: (Object.keys(STATES) as State[]).filter(isUnsent).join(' '),
  settlesRows: Object.fromEntries(STATES_THAT_SETTLE_ROWS.map((state) => [state, true])),
};

export function withConstants(lua: string): string {
  return lua
    .replace(/\bconstant\.(\w+(?:\.\w+)*)/g, (_, path: string) => luaOf(constantOf(path)))
    .replace(
      /\bfield(?:\.(\w+)|\['(\w+)'\])/g,
      (_, name?: string, keyword = '') => `'${shortNameOf(name ?? keyword)}'`,
    );
}

function constantOf(path: string): Constant {
  let value: Constant | undefined = CONSTANTS;
  for (const name of path.split('.')) value = typeof value === 'object' ? value[name] : undefined;
  if (value === undefined) throw new Error(`A script names the constant ${path}, which lua-constants.ts does not have`);
  return value;
}

function luaOf(value: Constant): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, it]) => `[${JSON.stringify(name)}] = ${luaOf(it)}`)
    .join(', ')} }`;
}

function lineMoves(): Record<LineEvent, Partial<Record<LineState, LineState>>> {
  const moves: Partial<Record<LineEvent, Partial<Record<LineState, LineState>>>> = {};
  for (const { event, from, to } of LINE_MOVES) {
    for (const state of from) moves[event] = { [state]: to, ...moves[event] };
  }
  return moves as Record<LineEvent, Partial<Record<LineState, LineState>>>;
}

/** Of the rows of a table that have something in this column. */
function columnOf(table: Readonly<Record<string, object>>, column: string): Record<string, Constant> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, row]) => {
      const value = (row as Readonly<Record<string, Constant>>)[column];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
