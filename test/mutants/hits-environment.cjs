// Records, for each test, the time it takes and the mutants that it reaches; or ends the run at the first failed test.
'use strict';
const { appendFileSync } = require('node:fs');
const { TestEnvironment } = require('jest-environment-node');

module.exports = class HitsEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    /** What is reached while no test runs: when files are loaded, and before and after all tests. */
    this.outside = new Set();
    this.current = this.outside;
    this.tests = [];
    this.file = context.testPath;
    this.createdAt = performance.now();
    this.global.reachMutant = (id) => this.current.add(id);
  }

  handleTestEvent({ name, test }) {
    if (name === 'test_start') {
      this.startedAt = performance.now();
      this.current = new Set();
    } else if (name === 'test_done') {
      const failed = test.errors.length > 0;
      // The temporary files of the run are removed by the program that started it.
      if (failed && process.env.ENDS_AT_FAILURE) process.exit(1);
      const ms = performance.now() - this.startedAt;
      this.tests.push({ name: fullName(test), ms, failed, hits: [...this.current] });
      this.current = this.outside;
    }
  }

  async teardown() {
    await super.teardown();
    if (!process.env.HITS_FILE) return;
    const ms = performance.now() - this.createdAt;
    const record = { file: this.file, ms, outside: [...this.outside], tests: this.tests };
    appendFileSync(process.env.HITS_FILE, `${JSON.stringify(record)}\n`);
  }
};

/** As Jest's `--testNamePattern` sees it. */
function fullName({ name, parent }) {
  return parent === undefined || parent.name === 'ROOT_DESCRIBE_BLOCK' ? name : `${fullName(parent)} ${name}`;
}
