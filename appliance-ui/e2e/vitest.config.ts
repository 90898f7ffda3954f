import { defineConfig } from 'vitest/config';

/**
 * Journeys through the portal: a real box, a real browser. One browser for all of them and a context for each;
 * one at a time, because a small machine has few cores.
 */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: [process.env.BENCH === undefined ? '**/*.test.ts' : 'bench*.ts'],
    globalSetup: ['./setup.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    retry: 0,
  },
});
