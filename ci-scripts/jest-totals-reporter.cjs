// Appends "passed failed skipped" to the file named by TEST_TOTALS, so that .ci/run can count the tests of `npm cit`.
const { appendFileSync } = require('node:fs');

module.exports = class JestTotalsReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests } = results;
    const totals = [numPassedTests, numFailedTests + numRuntimeErrorTestSuites, numPendingTests + numTodoTests];
    appendFileSync(process.env.TEST_TOTALS, `${totals.join(' ')}\n`);
  }
};
