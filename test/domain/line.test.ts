import { describe, expect, test } from 'vitest';
import {
  LINE_EVENTS,
  LINE_MOVES,
  LINE_STATES,
  type LineEvent,
  type LineState,
  nextLine,
  opensByItself,
} from '../../src/domain/line.js';
import { isWorthANotice, LINE_FAULTS, needsAPerson, stopRuleOf } from '../../src/domain/line-faults.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';

const { probeFirstMs, probeMaxMs, notifyAfterMs } = DEFAULT_PATIENCE;
const ruleOf = (problem: string, stopAfter = 20) => stopRuleOf(problem, { stopAfter }, DEFAULT_PATIENCE);

describe('the line stops', () => {
  const probe = { firstMs: probeFirstMs, maxMs: probeMaxMs };

  test.each([
    ['create:89247', { most: 20, countsCalls: false, probe: { call: 'create', asksFirst: false, ...probe } }],
    ['create:-1', { most: 20, countsCalls: false, probe: { call: 'create', asksFirst: false, ...probe } }],
    ['call:lost', { most: 5, countsCalls: true, probe: { call: 'any', asksFirst: true, ...probe } }],
    ['call:page', { most: 3, countsCalls: false, probe: { call: 'any', asksFirst: true, ...probe } }],
    ['call:not_sent', { most: 3, countsCalls: true, probe: { call: 'any', asksFirst: false, ...probe } }],
  ])('for %s after so many, and is tried by the call that can meet it again', (problem, rule) => {
    expect(ruleOf(problem)).toEqual(rule);
  });

  test.each(['create:4711', 'create:unknown', 'operator:pause'])('for %s until a person resumes it', (problem) => {
    expect(ruleOf(problem)).toEqual({ most: 20, countsCalls: false });
  });

  test('earlier where FASTREGISTER_STOP_AFTER says so, and never later', () => {
    expect(ruleOf('call:lost', 2).most).toBe(2);
    expect(ruleOf('call:lost', 5_000).most).toBe(5);
    expect(ruleOf('create:89247', 2).most).toBe(2);
  });

  test('and says in both languages why, and what to do', () => {
    for (const { acts, en, zh, nextStep } of Object.values(LINE_FAULTS)) {
      expect(acts).toBe('us');
      for (const words of [en, zh, nextStep.en, nextStep.zh]) expect(words).not.toBe('');
      expect(nextStep.en).toContain('fastregister resume');
      expect(nextStep.zh).toContain('fastregister resume');
    }
  });
});

describe('a stopped line', () => {
  const AT = 1_000_000;
  const tried = (problem: string, failed: number) => ({ problem, at: AT, probe: { at: AT, failed } });

  test('that is tried opens by itself, unless a person has paused it', () => {
    expect(opensByItself(tried('call:lost', 0))).toBe(true);
    expect(opensByItself({ ...tried('call:lost', 0), paused: 'maintenance' })).toBe(false);
    expect(opensByItself({})).toBe(false);
  });

  test('needs a person where nothing tries it, or a page came three times instead of an answer', () => {
    expect(needsAPerson({ problem: 'create:4711' })).toBe(true);
    expect(needsAPerson({ ...tried('call:lost', 0), paused: 'maintenance' })).toBe(true);
    expect(needsAPerson(tried('call:lost', 1_000))).toBe(false);
    expect(needsAPerson(tried('of a later version', 1_000))).toBe(false);
    expect(needsAPerson(tried('call:page', 2))).toBe(false);
    expect(needsAPerson(tried('call:page', 3))).toBe(true);
  });

  test('is worth a notice at once where a person has to act', () => {
    expect(isWorthANotice({ problem: 'create:4711', at: AT }, AT, notifyAfterMs)).toBe(true);
  });

  test('that opens by itself is worth one when calls have tried it in vain for a while', () => {
    expect(isWorthANotice(tried('call:lost', 1), AT + notifyAfterMs - 1, notifyAfterMs)).toBe(false);
    expect(isWorthANotice(tried('call:lost', 1), AT + notifyAfterMs, notifyAfterMs)).toBe(true);
    expect(isWorthANotice(tried('call:lost', 0), AT + notifyAfterMs, notifyAfterMs)).toBe(false);
  });
});

describe('the moves of the line', () => {
  const states = Object.keys(LINE_STATES) as LineState[];
  const events = Object.keys(LINE_EVENTS) as LineEvent[];

  test('are at most one for each state and event, and say why in both languages', () => {
    const pairs = LINE_MOVES.flatMap(({ event, from }) => from.map((state) => `${state} ${event}`));
    expect(pairs.filter((pair, at) => pairs.indexOf(pair) !== at)).toEqual([]);
    for (const { because } of LINE_MOVES) for (const words of [because.en, because.zh]) expect(words).not.toBe('');
  });

  test('lead from a running line to every state', () => {
    const reached = new Set<LineState>(['running']);
    for (const state of reached) for (const event of events) reached.add(nextLine(state, event) ?? state);
    expect([...reached].sort()).toEqual([...states].sort());
  });

  test('stop no call on a running line but for a person or a fault', () => {
    expect(events.filter((event) => nextLine('running', event))).toEqual(['paused', 'fault', 'passing_fault']);
  });

  test.each(states.filter((state) => state !== 'running'))('from %s, a person alone can make it run again', (state) => {
    const resumed = nextLine(state, 'resumed') as LineState;
    expect(nextLine(state, 'resumed_idle')).toBe('running');
    if (resumed !== 'running') {
      expect(nextLine(nextLine(resumed, 'probe_sent') as LineState, 'probe_answered')).toBe('running');
    }
  });

  test('never open a paused line by themselves', () => {
    const opens = events.filter((event) => event !== 'resumed' && event !== 'resumed_idle');
    for (const state of ['paused', 'stopped_paused', 'retrying_paused'] as const) {
      for (const event of opens) expect(nextLine(state, event) ?? state).toMatch(/paused$/);
    }
  });

  test('send a probe only in states that let a probe through, and use its answer only while it is under way', () => {
    for (const state of states) {
      const probe = 'probe' in LINE_STATES[state] ? LINE_STATES[state].probe : undefined;
      expect([state, nextLine(state, 'probe_sent') !== undefined]).toEqual([state, probe !== undefined]);
      for (const answer of ['probe_answered', 'probe_void', 'probe_failed', 'probe_blocked'] as const) {
        expect([state, nextLine(state, answer) !== undefined]).toEqual([state, probe === 'sent']);
      }
    }
  });
});
