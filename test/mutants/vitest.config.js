import { defineConfig } from 'vitest/config';
import { ROOMS } from './rooms.js';

export default defineConfig({
  test: {
    include: process.env.MUTANTS_TESTS?.split(',') ?? ROOMS[process.env.MUTANTS_ROOM],
    setupFiles: ['test/mutants/one-seed.ts'],
    // Reading what a test imports takes longer than the test: it is read once for all files.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
