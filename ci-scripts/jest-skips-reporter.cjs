// Prints each skipped test with its reason, which test/skip-unless.ts puts into its name, where Jest only counts them.
'use strict';

module.exports = class JestSkipsReporter {
  constructor(globalConfig) {
    this.globalConfig = globalConfig;
  }

  onRunComplete(_contexts, { testResults }) {
    // What a pattern leaves out counts as skipped as well.
    if (this.globalConfig.testNamePattern) return;
    const lines = testResults
      .flatMap((file) => file.testResults)
      .filter(({ status }) => status === 'pending')
      .map(({ fullName }) => {
        const [marked, reason] = /\s*\[skipped: (.*?)\]/.exec(fullName) ?? ['', 'it gives no reason'];
        return `  ${fullName.replace(marked, '')}: ${reason}\n`;
      });
    if (lines.length > 0) process.stderr.write(`\nSkipped tests:\n${lines.join('')}`);
  }
};
