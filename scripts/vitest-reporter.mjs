import { DefaultReporter } from 'vitest/node';

/** Vitest's own report, and the counts as the very last line: `N passed, N failed, N skipped`. */
export default class extends DefaultReporter {
  onTestRunEnd(testModules, unhandledErrors, reason) {
    super.onTestRunEnd(testModules, unhandledErrors, reason);
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const testModule of testModules) {
      // A file that cannot be loaded has no tests to fail: it counts as one failure itself.
      count.failed += testModule.errors().length;
      for (const test of testModule.children.allTests()) count[test.result().state] += 1;
    }
    const skipped = count.skipped + count.pending;
    process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${skipped} skipped\n`);
  }
}
