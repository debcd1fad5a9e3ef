import { availableParallelism, totalmem } from 'node:os';

const cores = availableParallelism();
/** A worker grows to about 400 MB. A step of Pipelines has the host's processors, but only 4 GB for all that runs in it. */
const workerBytes = 450e6;
const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
const most = Math.max(1, Math.floor((memory - workerBytes) / workerBytes));
const workers = {
  // Many tests wait for a server that is slow on purpose. A number, because Jest reads '150%' as 150 workers.
  unit: cores * 2,
  // These tests share one port, that of the pipelines proxy.
  'docker-image': 1,
  memory: 1,
};

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  maxWorkers: Math.min(most, workers[process.env.TEST_SUITE ?? 'unit'] ?? cores),
  // Only the matrix of faults has concurrent tests, and most of their time is waiting.
  maxConcurrency: 12,
  testMatch: ['**/*.test.ts'],
  // These need more than the README's test command requires (a Docker Engine, real servers), or take more than its minute:
  // gigabytes to read, hundreds of processes to start, servers that stall, steps that run at once, the sandbox's own tests.
  // .ci/run runs them by name.
  testPathIgnorePatterns: process.env.TEST_SUITE
    ? []
    : [
        'bundle',
        'docker-image',
        'faults',
        'fuzz',
        'integration',
        'interruptions',
        'memory',
        'messages',
        'release',
        'sandbox',
        'steps',
      ].map((suite) => `<rootDir>/test/${suite}/`),
  reporters: [
    'default',
    '<rootDir>/ci-scripts/jest-skips-reporter.cjs',
    ...(process.env.TEST_TOTALS ? ['<rootDir>/ci-scripts/jest-totals-reporter.cjs'] : []),
  ],
  // A worker has nothing left to do then, but to give back its memory takes up to 0.8 s on a busy machine.
  workerGracefulExitTimeout: 10_000,
  // Only ends tests that hang: most tests take milliseconds, or seconds on a busy machine.
  testTimeout: 120_000,
  // The bundle contains only this part of undici; loading all of it takes 0.25 s more in each test file that sends anything.
  moduleNameMapper: { '^undici$': '<rootDir>/ci-scripts/undici-subset.cjs' },
  setupFilesAfterEnv: ['<rootDir>/ci-scripts/jest-setup.cjs'],
  testSequencer: '<rootDir>/ci-scripts/jest-sequencer.cjs',
  transform: {
    '\\.ts$|/(parse-xml/dist|parser/lib|get-east-asian-width)/.+\\.js$': '<rootDir>/ci-scripts/jest-transform.cjs',
  },
  // Jest runs the tests as CommonJS, but these libraries are published only as ES modules.
  transformIgnorePatterns: ['/node_modules/(?!@rgrove/parse-xml/|@babel/parser/|get-east-asian-width/)'],
};
