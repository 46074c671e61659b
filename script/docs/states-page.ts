/** docs/states.md, printed from the tables of `registration` and `line`. */
import {
  LINE_EVENTS,
  LINE_MOVES,
  LINE_STATES,
  type LineState,
  type LineStateRow,
  type LineVerdict,
  PROBE_ANSWERS,
} from '../../src/domain/line.js';
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
    '<!-- Printed from src/domain/registration.ts and src/domain/line.ts. To change it, change the tables, then: UPDATE_DOCS=1 npx vitest run test/house/printed-docs.test.ts -->',
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
    ...theLine(),
  ].join('\n');
}

const PROBES = {
  wanted: 'the next one that can be it',
  due: 'when its wait is over',
  sent: 'where its worker has died',
};

const SEARCHES = {
  pass: 'are sent',
  stand_in: 'are the probe where no create can be sent',
};

const VERDICTS: Readonly<Record<LineVerdict, string>> = {
  accepted: 'WeChat accepted the task',
  refused: 'WeChat refused the merchant',
  taken: 'WeChat answered something else',
  again: "WeChat's gateway turned the call away",
  unsent: 'the call was not made',
  failed: 'a fault that does not concern the merchant',
};

const PROBE_CALLS = {
  create: 'a create',
  any: 'any call',
};

const MET = {
  same: 'the one that stopped the line',
  create: 'another one of creates that may end by itself',
  any: 'another one of all calls that may end by itself',
};

function theLine(): string[] {
  return [
    '# What the line can be',
    '',
    'The line is every call to WeChat, over all workers, behind one circuit breaker. A call that tries a stopped line is its',
    'probe: a create, or any call where the way to WeChat is at fault. Beside a create, searches are sent as the table says; where',
    'any call can be the probe, a search waits as a create does. An event that fits no move changes nothing.',
    '',
    ...pictureOfTheLine(),
    '',
    '## States of the line',
    '',
    ...table(
      ['state', 'meaning', '含义', 'a call goes as the probe', 'searches, where the probe is a create'],
      (Object.keys(LINE_STATES) as LineState[]).map((state) => {
        const { en, zh, probe, searches }: LineStateRow = LINE_STATES[state];
        return [
          code(state),
          en,
          zh,
          probe === undefined ? '' : PROBES[probe],
          searches === undefined ? '' : SEARCHES[searches],
        ];
      }),
    ),
    '',
    '## Events of the line',
    '',
    ...table(
      ['event', 'meaning', '含义'],
      Object.entries(LINE_EVENTS).map(([event, { en, zh }]) => [code(event), en, zh]),
    ),
    '',
    '## The answer to the probe',
    '',
    'The first line that fits. Without an answer to a create, because the worker died in the call, a registration that WeChat',
    'accepted since counts as accepted, one that failed counts as a fault, and in any other state another probe is sent later, as',
    'after a search without an answer.',
    '',
    ...table(
      ['answer', 'the probe can be', 'the fault that it met', 'event', 'because', '原因'],
      PROBE_ANSWERS.map(({ verdict, probe, met, event, because }) => [
        VERDICTS[verdict],
        probe === undefined ? '' : PROBE_CALLS[probe],
        met === undefined ? '' : MET[met],
        code(event),
        because.en,
        because.zh,
      ]),
    ),
    '',
    '## Moves of the line',
    '',
    ...table(
      ['event', 'from', 'to', 'because', '原因'],
      LINE_MOVES.map(({ event, from, to, because }) => [
        code(event),
        from.map(code).join(', '),
        code(to),
        because.en,
        because.zh,
      ]),
    ),
    '',
  ];
}

/** Without pauses, and without a resumption where nothing waits: they lead from everywhere to one place. */
function pictureOfTheLine(): string[] {
  const moves = LINE_MOVES.filter(({ event }) => event !== 'paused' && event !== 'resumed_idle');
  return pictureOf(
    '[*] --> running',
    moves.flatMap(({ event, from, to }) => from.map((state) => ({ state, to, fact: event }))),
  );
}

function picture(): string[] {
  const moves = MOVES.flatMap(({ from, to, fact }) =>
    from.filter((state) => !isOver(state)).map((state) => ({ state, to, fact })),
  );
  const ends = stateNames().filter(isOver);
  return pictureOf(
    '[*] --> queued: row_accepted',
    moves,
    ends.map((state) => `${state} --> [*]`),
  );
}

/** One arrow for all facts that lead from one state to another. */
function pictureOf(
  begin: string,
  moves: readonly { readonly state: string; readonly to: string; readonly fact: string }[],
  ends: readonly string[] = [],
): string[] {
  const arrows = new Map<string, Set<string>>();
  for (const { state, to, fact } of moves) {
    if (state === to) continue;
    const arrow = `${state} --> ${to}`;
    arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(fact));
  }
  const lines = [begin, ...[...arrows].map(([arrow, facts]) => `${arrow}: ${[...facts].join(', ')}`), ...ends];
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `  ${line}`), '```'];
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
