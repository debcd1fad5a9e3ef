// Records, for each test, the time it takes and the mutants that it reaches; or ends the run at the first failed test.
'use strict';
const { appendFileSync } = require('node:fs');
const { TestEnvironment } = require('jest-environment-node');

module.exports = class HitsEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    /** What is reached while no test runs: when files are loaded, and before and after all tests. */
    this.outside = [];
    this.tests = [];
    this.file = context.testPath;
    this.createdAt = performance.now();
    this.global.reachedMutants = new Uint8Array(Number(process.env.MUTANTS ?? 0));
  }

  handleTestEvent({ name, test }) {
    if (name === 'test_start') {
      this.startedAt = performance.now();
      this.outside.push(...this.takeHits());
    } else if (name === 'test_done') {
      const failed = test.errors.length > 0;
      // The temporary files of the run are removed by the program that started it.
      if (failed && process.env.ENDS_AT_FAILURE) process.exit(1);
      const ms = performance.now() - this.startedAt;
      this.tests.push({ name: fullName(test), ms, failed, hits: this.takeHits() });
    }
  }

  takeHits() {
    const { reachedMutants } = this.global;
    const hits = [...reachedMutants.keys()].filter((id) => reachedMutants[id] === 1);
    reachedMutants.fill(0);
    return hits;
  }

  async teardown() {
    const ms = performance.now() - this.createdAt;
    const outside = [...new Set([...this.outside, ...this.takeHits()])];
    await super.teardown();
    if (!process.env.HITS_FILE) return;
    const record = { file: this.file, ms, outside, tests: this.tests };
    appendFileSync(process.env.HITS_FILE, `${JSON.stringify(record)}\n`);
  }
};

/** As Jest's `--testNamePattern` sees it. */
function fullName({ name, parent }) {
  return parent === undefined || parent.name === 'ROOT_DESCRIBE_BLOCK' ? name : `${fullName(parent)} ${name}`;
}
