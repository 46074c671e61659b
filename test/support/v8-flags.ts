/**
 * How V8 runs the tests and the processes that they start: as what is over soon. Most code runs a few times; by itself V8 spends a fifth
 * of the time on making it faster, and has collected the garbage of a small heap again and again, on threads for which no core is free.
 */
export const V8_FLAGS: readonly string[] = [
  '--single-threaded-gc',
  // MB of new objects between two collections.
  '--min-semi-space-size=8',
  // How much of a function runs before it is optimised; seven times as much as usual. Node 24 has no such setting.
  ...(process.version.startsWith('v20.') ? ['--interrupt-budget=1000000'] : []),
];
