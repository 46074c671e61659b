import { defineConfig } from 'vitest/config';

/** Tests in a real browser, one file after the other: a browser, a simulator and a Redis each take their share of two cores. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: 'test/support/build.ts',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    isolate: false,
    fileParallelism: false,
  },
});
