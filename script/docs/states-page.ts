/** docs/states.md, printed from the tables of `registration`. */
import { type Consequence, FACTS, isOver, MOVES, STATES, type State } from '../../src/domain/registration.js';
import { ACTORS } from '../../src/domain/words.js';

type Move = (typeof MOVES)[number];

const CONSEQUENCES: Record<Consequence, string> = {
  send: 'it is sent when its turn comes',
  ask: 'it is followed up when that is due',
  authorize: 'its auth_code is exchanged at once',
  stop_line: 'the line stops',
};

const TASKS: Record<NonNullable<Move['task']>, string> = {
  opens: 'may run from now on',
  ended: 'is over',
  refused: 'was not begun',
  void: 'was not begun, and it was no attempt',
};

const ROWS: Record<NonNullable<Move['rows']>, string> = {
  begins: 'it begins a new attempt; earlier rows keep their outcome',
  replaces: 'it is sent; earlier rows are cancelled',
  leads: 'its details are sent; earlier rows get the same outcome',
  joins: 'it gets the same outcome',
  waits: 'it is sent when the present task has failed',
  withdrawn: 'rows that wait are cancelled',
  already_created: 'it reports the Mini Program that there is',
};

export function statesPage(): string {
  return [
    '<!-- Printed from src/domain/registration.ts. To change it, change the tables, then: UPDATE_DOCS=1 npx vitest run test/house/printed-docs.test.ts -->',
    '',
    '# What a registration can be',
    '',
    'Everything that happens to a registration is a fact that somebody reports. The moves say what a fact does in which',
    'state: they are read from above, and the first that fits is the one. A fact that fits none changes nothing and stays in',
    'the history.',
    '',
    '## Picture',
    '',
    'A registration until it has its outcome. What can still follow then (a new row, a retry, a late push) is in the moves.',
    '',
    ...picture(),
    '',
    '## States',
    '',
    ...table(
      ['state', 'outcome in the report', 'who acts', 'meaning', '含义'],
      stateNames().map((state) => {
        const { outcome, acts, en, zh } = STATES[state];
        return [code(state), outcome, ACTORS[acts].en, en, zh];
      }),
    ),
    '',
    '## Facts',
    '',
    ...table(
      ['fact', 'reported by', 'meaning', '含义'],
      Object.entries(FACTS).map(([fact, { by, en, zh }]) => [code(fact), `the ${by}`, en, zh]),
    ),
    '',
    '## Moves',
    '',
    ...table(
      ['fact', 'from', 'when', 'to', 'the task at WeChat', 'the row', 'what follows', 'because'],
      MOVES.map((move) => [
        code(move.fact),
        move.from.map(code).join(', '),
        move.when ?? '',
        code(move.to),
        move.task === undefined ? '' : TASKS[move.task],
        move.rows === undefined ? '' : ROWS[move.rows],
        (move.so ?? []).map((consequence) => CONSEQUENCES[consequence]).join('; '),
        move.because.en,
      ]),
    ),
    '',
  ].join('\n');
}

/** One arrow for all facts that lead from one state to another. */
function picture(): string[] {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to, fact } of MOVES) {
    for (const state of from.filter((one) => one !== to && !isOver(one))) {
      const arrow = `${state} --> ${to}`;
      arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(fact));
    }
  }
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> queued: row_accepted',
    ...[...arrows].map(([arrow, facts]) => `  ${arrow}: ${[...facts].join(', ')}`),
    ...stateNames()
      .filter(isOver)
      .map((state) => `  ${state} --> [*]`),
    '```',
  ];
}

function stateNames(): State[] {
  return Object.keys(STATES) as State[];
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [headings, headings.map(() => '---'), ...rows].map(
    (row) => `| ${row.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`,
  );
}

function code(text: string): string {
  return `\`${text}\``;
}
