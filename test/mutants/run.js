/**
 * `npm run mutants [-- --mutate FILE_OR_FOLDER_OR_FILE:LINE-LINE,…]`: mutates src with Stryker, one room after the other, because each has tests of
 * its own (rooms.js); `--tests PATTERN,…` names others. Writes reports/mutants/ROOM.html and ROOM.json.
 */
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { ROOMS } from './rooms.js';

const { values } = parseArgs({ options: { mutate: { type: 'string' }, tests: { type: 'string' } } });
if (values.tests !== undefined) process.env.MUTANTS_TESTS = values.tests;
const rooms = Object.keys(ROOMS);
const paths = values.mutate?.split(',') ?? rooms.map((room) => `src/${room}`);

const roomOf = (path) => rooms.find((room) => `${path}/`.startsWith(`src/${room}/`));
const strangers = paths.filter((path) => roomOf(path) === undefined);
if (strangers.length > 0) {
  console.error(`Not in a room that is mutated (src/${rooms.join(', src/')}): ${strangers.join(', ')}`);
  process.exit(2);
}

for (const room of rooms) {
  const mutate = paths
    .filter((path) => roomOf(path) === room)
    .map((path) => (/\.ts(:\d|$)/.test(path) ? path : `${path.replace(/\/$/, '')}/**/*.ts`));
  if (mutate.length === 0) continue;
  process.env.MUTANTS_ROOM = room;
  await new Stryker({
    mutate,
    htmlReporter: { fileName: `reports/mutants/${room}.html` },
    jsonReporter: { fileName: `reports/mutants/${room}.json` },
  }).runMutationTest();
}
