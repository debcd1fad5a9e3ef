import { availableParallelism } from 'node:os';

const cores = availableParallelism();
const workers = {
  // Many tests wait for a server that is slow on purpose. A number: Jest takes '150%' for 150 workers.
  unit: cores * 2,
  // Its tests share one port, that of the pipelines proxy.
  'docker-image': 1,
  memory: 1,
};

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  maxWorkers: workers[process.env.TEST_SUITE ?? 'unit'] ?? cores,
  testMatch: ['**/*.test.ts'],
  // These need what the README's test command does not promise (a Docker Engine, real servers), or more than its minute:
  // gigabytes to read, a hundred processes to start, servers that stall, the sandbox's own tests. .ci/run calls them by
  // name.
  testPathIgnorePatterns: process.env.TEST_SUITE
    ? []
    : ['bundle', 'docker-image', 'faults', 'integration', 'memory', 'release', 'sandbox'].map(
        (suite) => `<rootDir>/test/${suite}/`,
      ),
  reporters: [
    'default',
    '<rootDir>/ci-scripts/jest-skips-reporter.cjs',
    ...(process.env.TEST_TOTALS ? ['<rootDir>/ci-scripts/jest-totals-reporter.cjs'] : []),
  ],
  // Ends what hangs, and nothing else: most tests take milliseconds, on a busy machine seconds.
  testTimeout: 120_000,
  // What ships is this part of undici; the whole takes a quarter of a second more in each test file that sends anything.
  moduleNameMapper: { '^undici$': '<rootDir>/ci-scripts/undici-subset.cjs' },
  testSequencer: '<rootDir>/ci-scripts/jest-sequencer.cjs',
  transform: { '\\.ts$|/parse-xml/dist/.+\\.js$': '<rootDir>/ci-scripts/jest-transform.cjs' },
  // Jest runs the tests as CommonJS, and this one library comes only as ES modules.
  transformIgnorePatterns: ['/node_modules/(?!@rgrove/parse-xml/)'],
};
