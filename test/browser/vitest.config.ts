import { defineConfig } from 'vitest/config';

/** Tests in a real browser, two files at a time: a browser, a simulator and a Redis each take their share of two cores. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: 'test/support/build.ts',
    setupFiles: 'test/support/cheap-passwords.ts',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    isolate: false,
    maxWorkers: 2,
  },
});
