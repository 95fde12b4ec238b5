import { defineConfig } from 'vitest/config';

/** Real parts take seconds to start and the machine may have two cores: long timeouts, few workers. */
export default defineConfig({
  test: {
    include: ['{native,lib/*,agent,ingester,api,simulator,cli,lab,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'api/web/**/node_modules/**'],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['./scripts/vitest-reporter.mjs'],
  },
});
