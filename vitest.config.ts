import { defineConfig } from 'vitest/config';
import WaitingBesideComputing, { SLOTS } from './test/support/order.js';
import { V8_FLAGS } from './test/support/v8-flags.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a Chromium: npm run test:browser.
    exclude: ['test/browser/**'],
    globalSetup: 'test/support/build.ts',
    setupFiles: ['test/support/cheap-passwords.ts', 'test/support/default-ledger.ts', 'test/support/short-moment.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Reading what a test imports takes longer than most tests: a worker reads it once for all its files.
    isolate: false,
    execArgv: [...V8_FLAGS],
    // What a source was transformed into, for the next run.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/vitest-modules' },
    sequence: { sequencer: WaitingBesideComputing },
    // Most tests wait for Redis or for another process: more of them than cores.
    maxWorkers: SLOTS,
  },
});
