// Appends "passed failed skipped" to the file that TEST_TOTALS names: .ci/run counts tests that `npm cit` starts.
const { appendFileSync } = require('node:fs');

module.exports = class JestTotalsReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests } = results;
    const totals = [numPassedTests, numFailedTests + numRuntimeErrorTestSuites, numPendingTests + numTodoTests];
    appendFileSync(process.env.TEST_TOTALS, `${totals.join(' ')}\n`);
  }
};
