// Prints each skipped test with its reason, which test/skip-unless.ts puts into its name; Jest itself only counts them.
'use strict';

module.exports = class JestSkipsReporter {
  constructor(globalConfig) {
    this.globalConfig = globalConfig;
  }

  onRunComplete(_contexts, { testResults }) {
    // Jest also counts tests excluded by a pattern as skipped.
    if (this.globalConfig.testNamePattern) return;
    const lines = testResults
      .flatMap((file) => file.testResults)
      .filter(({ status }) => status === 'pending')
      .map(({ fullName }) => {
        const [marked, reason] = /\s*\[skipped: (.*?)\]/.exec(fullName) ?? ['', 'no reason given'];
        return `  ${fullName.replace(marked, '')}: ${reason}\n`;
      });
    if (lines.length > 0) process.stderr.write(`\nSkipped tests:\n${lines.join('')}`);
  }
};
