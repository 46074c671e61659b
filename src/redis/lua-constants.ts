/**
 * Values of the tables of `domain/` that Lua scripts need. They are substituted into the text of a script before it is loaded, as
 * names of keys are (keys.ts). A script writes `constant.rowsPerPage`, and `field.state` for a field of a registration's hash
 * (registration-fields.ts). A table is constructed wherever its name stands, so a script that seldom needs one names it inside a
 * function.
 */

import { ROWS_PER_PAGE } from '../domain/batch.js';
import { QUOTA_DAY_KEPT_S, TRIES_SPENT } from '../domain/budgets.js';
import { LONGEST_TASK_MS } from '../domain/limits.js';
import {
  LINE_MOVES,
  LINE_STATES,
  type LineEvent,
  type LineState,
  PAUSE_PREFIX,
  PROBE_ANSWERS,
  PROBE_CALLS,
  VERDICTS_WITHOUT_ANSWER,
} from '../domain/line.js';
import { LONGEST_LIFE_MS } from '../domain/presence.js';
import { KEPT_BY_PURGE, PURGEABLE_STATES } from '../domain/purge.js';
import {
  FACTS,
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
import { REFUSED_ROW } from './ledger/rows.js';

/** The id of its last write stays with a registration, too. */
const PURGE_RULES = KEPT_BY_PURGE.map(({ where, keeps }) => ({
  where: Object.fromEntries(Object.entries(where).map(([name, value]) => [shortNameOf(name), value])),
  keeps: [...keeps, 'version'].map(shortNameOf),
}));

type Constant = string | number | boolean | readonly Constant[] | { readonly [name: string]: Constant };

const CONSTANTS: Readonly<Record<string, Constant>> = {
  rowsPerPage: ROWS_PER_PAGE,
  purgedRow: PURGED_ROW,
  relation: RELATION_CODES,
  refusedRow: REFUSED_ROW,
  relayLooksEveryMs: RELAY_LOOKS_EVERY_MS,
  dayExpiresS: QUOTA_DAY_KEPT_S,
  threeDaysS: 3 * 86_400,
  longestLifeMs: LONGEST_LIFE_MS,
  longestTaskMs: LONGEST_TASK_MS,
  /** As text: Redis would have to print a number. */
  triesSpent: String(TRIES_SPENT),
  newState: newRegistration('', '').state,
  /** `lineMoves[event][state]`: the state that the event leads to. */
  lineMoves: lineMoves(),
  /** For each state of the line: when a call may be its probe. */
  lineProbes: columnOf(LINE_STATES, 'probe'),
  /** Of each state of the line what becomes of searches beside that call. */
  lineSearches: columnOf(LINE_STATES, 'searches'),
  probeCalls: PROBE_CALLS,
  probeAnswers: PROBE_ANSWERS.map(({ because: _, ...rule }) => rule as Record<string, Constant>),
  verdictsWithoutAnswer: VERDICTS_WITHOUT_ANSWER,
  pausePrefix: PAUSE_PREFIX,
  /** Of each kind of fact the call that it sends. */
  sends: columnOf(FACTS, 'sends'),
  purgeable: setOf(PURGEABLE_STATES),
  purgeRules: PURGE_RULES,
  fieldsOfPurgeRules: [...new Set(PURGE_RULES.flatMap(({ where, keeps }) => [...Object.keys(where), ...keeps]))],
  shownFields: SHOWN_NAMES.join(' '),
  verdictOfState: columnOf(STATES, 'verdict'),
  unsent: setOf((Object.keys(STATES) as State[]).filter(isUnsent)),
  settlesRows: setOf(STATES_THAT_SETTLE_ROWS),
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
  for (const name of path.split('.')) value = isTable(value) ? value[name] : undefined;
  if (value === undefined) throw new Error(`A script names the constant ${path}, which lua-constants.ts does not have`);
  return value;
}

function luaOf(value: Constant): string {
  if (isTable(value)) {
    return inBraces(Object.entries(value).map(([name, it]) => `[${JSON.stringify(name)}] = ${luaOf(it)}`));
  }
  return isList(value) ? inBraces(value.map(luaOf)) : JSON.stringify(value);
}

function inBraces(parts: readonly string[]): string {
  return `{ ${parts.join(', ')} }`;
}

function isList(value: Constant | undefined): value is readonly Constant[] {
  return Array.isArray(value);
}

function isTable(value: Constant | undefined): value is { readonly [name: string]: Constant } {
  return typeof value === 'object' && !isList(value);
}

function setOf(names: readonly string[]): Record<string, true> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

function lineMoves(): Record<LineEvent, Partial<Record<LineState, LineState>>> {
  const moves: Partial<Record<LineEvent, Partial<Record<LineState, LineState>>>> = {};
  for (const { event, from, to } of LINE_MOVES) {
    for (const state of from) moves[event] = { [state]: to, ...moves[event] };
  }
  return moves as Record<LineEvent, Partial<Record<LineState, LineState>>>;
}

/** The rows of a table that have a value in this column. */
function columnOf(table: Readonly<Record<string, object>>, column: string): Record<string, Constant> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, row]) => {
      const value = (row as Readonly<Record<string, Constant>>)[column];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
