import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  LINE_EVENTS,
  LINE_STATES,
  type LineEvent,
  type LineState,
  nextLine,
  PROBE_ANSWERS,
} from '../../src/domain/line.js';
import { FACTS, newRegistration, STATES } from '../../src/domain/registration.js';
import { shortNameOf } from '../../src/redis/ledger/registration-fields.js';
import { RELATION_CODES } from '../../src/redis/ledger/relation-codes.js';
import { withConstants } from '../../src/redis/lua-constants.js';
import { textOf } from '../../src/redis/scripts.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const folder = new URL('../../src/redis/lua/', import.meta.url);
const scripts = readdirSync(folder).map((name) => name.replace('.lua', ''));

test('every script is Lua once its names are written out', async () => {
  expect(scripts.length).toBeGreaterThan(40);
  for (const name of scripts) {
    const text = textOf(name);
    expect(text).not.toMatch(/^[^-\n]*\b(constant|field)[.[]/m);
    await server.redis.script('LOAD', text);
  }
});

test('a script gets what the tables say, of every state and event', async () => {
  const ask = withConstants(
    "return cjson.encode({ constant.lineMoves, constant.verdictOfState, field.state, field['until'] })",
  );
  const [moves, verdicts, state, until] = JSON.parse(String(await server.redis.eval(ask, 0)));
  for (const event of Object.keys(LINE_EVENTS) as LineEvent[]) {
    for (const from of Object.keys(LINE_STATES) as LineState[]) expect(moves[event][from]).toBe(nextLine(from, event));
  }
  for (const [name, row] of Object.entries(STATES)) {
    expect([name, verdicts[name]]).toEqual([name, 'verdict' in row ? row.verdict : undefined]);
  }
  expect([state, until]).toEqual([shortNameOf('state'), shortNameOf('until')]);
});

test('a script gets one value of a table as it is, and no table for it', () => {
  expect(withConstants('return constant.relation.waits .. id')).toBe(`return "${RELATION_CODES.waits}" .. id`);
});

test('a script gets the rules of a table in their order', async () => {
  const rules = JSON.parse(
    String(await server.redis.eval(withConstants('return cjson.encode(constant.probeAnswers)'), 0)),
  );
  expect(rules).toEqual(PROBE_ANSWERS.map(({ because: _, ...rule }) => rule));
});

test('a script that names what no table has is not loaded', () => {
  expect(() => withConstants('return constant.rowsPerSheet')).toThrow('constant rowsPerSheet');
  expect(() => withConstants('return constant.relation.sent')).toThrow('constant relation.sent');
  expect(() => withConstants('return constant.rowsPerPage.relation')).toThrow('constant rowsPerPage.relation');
  expect(() => withConstants("redis.call('HGET', KEYS[1], field.colour)")).toThrow('no field colour');
});

test('no script spells the letter of a relation itself', () => {
  const letters = new Set<string>(Object.values(RELATION_CODES));
  const spelled = scripts.flatMap((name) => {
    const code = readFileSync(new URL(`${name}.lua`, folder), 'utf8').replace(/--.*/g, '');
    return (code.match(/'\^?[a-z]['[]/g) ?? []).filter((it) => letters.has(it.replace(/[^a-z]/g, '')));
  });
  expect(spelled).toEqual([]);
});

test('no script decides by a state or a kind of fact that it spells itself', () => {
  const names = new Set([...Object.keys(STATES), ...Object.keys(FACTS)]);
  const spelled = scripts.flatMap((name) => {
    const code = readFileSync(new URL(`${name}.lua`, folder), 'utf8').replace(/--.*/g, '');
    return [...code.matchAll(/[=~]= '(\w+)'|'(\w+)' [=~]=/g)].map(([, is, was]) => is ?? was ?? '');
  });
  expect(spelled.length).toBeGreaterThan(40);
  expect(spelled.filter((name) => names.has(name))).toEqual([]);
});

test('no script spells a field of a registration itself', () => {
  const { id: _, ...registration } = newRegistration('', '');
  const fields = new Set([...Object.keys(registration), 'version', 'canaryOf'].map(shortNameOf));
  const spelled = scripts.flatMap((name) => {
    const text = readFileSync(new URL(`${name}.lua`, folder), 'utf8');
    const calls = text.match(/'H\w+',\s*(key\.registration\(.*|registration,.*)/g) ?? [];
    return calls.flatMap((call) => (call.match(/(?<!\[)'\w+'/g) ?? []).filter((it) => fields.has(it.slice(1, -1))));
  });
  expect(spelled).toEqual([]);
});
