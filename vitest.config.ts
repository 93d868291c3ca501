import { defineConfig } from 'vitest/config';

/** Editors and tests read `src`. Never add `import` here: it breaks Express; nor `module`: it breaks prom-client's OpenTelemetry. */
const conditions = ['@tallystick/source', 'node', 'development|production'];

/** These measure how long something takes, so nothing runs beside them. */
const TIMED = ['e2e/failover.e2e.ts', 'e2e/random-kills.e2e.ts', 'e2e/page/depth.e2e.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  environments: { __vitest__: { resolve: { conditions } } },
  test: {
    environment: 'node',
    maxWorkers: '100%', // by default one core stays idle: half of two
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{libs,apps}/*/src/**/*.spec.ts', '{tools,bench}/*.spec.ts'],
          exclude: ['**/*.int.spec.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'int',
          include: ['{libs,apps}/*/src/**/*.int.spec.ts'],
          globalSetup: ['./tools/int-setup.ts'],
          sequence: { groupOrder: 1 },
          expect: { poll: { timeout: 20_000 } }, // how long to wait, by default 1 s; bounds are in the tests
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/*.e2e.ts', 'e2e/page/*.e2e.ts'],
          exclude: TIMED,
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e-timed',
          include: TIMED,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
