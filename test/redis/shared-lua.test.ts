import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { textOf } from '../../src/redis/scripts.js';

const folder = new URL('../../src/redis/lua/', import.meta.url);
const SHARED = ['prelude', 'pushes', 'day', 'line', 'first-rows', 'fact'];
const names = readdirSync(folder).map((file) => file.replace('.lua', ''));
const scripts = names.filter((name) => !SHARED.includes(name));

/** Shared functions by name, each with how its definition begins. */
const functions = new Map(
  SHARED.flatMap((name) =>
    [...readFileSync(new URL(`${name}.lua`, folder), 'utf8').matchAll(/^(?:local )?function (\w+)/gm)].map(
      ([definition, it = '']) => [it, definition] as const,
    ),
  ),
);

test.each(scripts)('%s is loaded with every shared function that it calls, or that one of those calls', (name) => {
  const text = textOf(name).replace(/--.*/g, '');
  const called = [...text.matchAll(/\b(\w+)\(/g)].map(([, it = '']) => it).filter((it) => functions.has(it));
  const missing = [...new Set(called)].filter((it) => !text.includes(`${functions.get(it)}(`));
  expect(missing).toEqual([]);
});

test('a script that records no fact is loaded without what a fact can change', () => {
  for (const name of ['read', 'page', 'dispatch', 'store-pushes']) {
    expect(textOf(name)).not.toContain('function record(');
    expect(textOf(name)).not.toContain('function stop_line(');
  }
  expect(textOf('record')).toContain('function record(');
});
