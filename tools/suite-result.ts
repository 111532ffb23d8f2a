/** Counts of one suite, as jest's JSON report tells them. */
export interface SuiteResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

/** The two lines a run ends with; the last one is what a build server reads. */
export function summarize(results: readonly SuiteResult[]): string[] {
  const suites = results.map(
    ({ name, passed, failed, seconds }) => `${name} ${passed}/${passed + failed} in ${seconds} s`,
  );
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  return [suites.join(' · '), `${passed} passed, ${failed} failed`];
}
