import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['lib/**/*.test.ts', 'portal/src/**/*.test.ts', 'portal/src/**/*.test.tsx'],
    // Vectors with thousands of signatures take their time on a small machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
