import { defineConfig } from 'vitest/config';
import { ROOMS } from './rooms.js';

export default defineConfig({
  test: {
    include: ROOMS[process.env.MUTANTS_ROOM],
    setupFiles: ['test/mutants/one-seed.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
