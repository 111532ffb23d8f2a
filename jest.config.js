const suite = (name) => ({
  displayName: name,
  testEnvironment: 'node',
  roots: [`<rootDir>/test/${name}`],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['<rootDir>/test/support/seed.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.js' },
});

/** All its files share one cluster. */
const cluster = {
  ...suite('cluster'),
  globalSetup: '<rootDir>/test/support/cluster/suite-setup.ts',
  globalTeardown: '<rootDir>/test/support/cluster/suite-teardown.ts',
};

/** All its files share one browser, and the page that is built once. */
const browser = {
  ...suite('browser'),
  globalSetup: '<rootDir>/test/support/browser/suite-setup.ts',
  globalTeardown: '<rootDir>/test/support/browser/suite-teardown.ts',
};

/** One project a suite: `npx jest --selectProjects unit`. */
export default {
  projects: [...['unit', 'property', 'captures', 'integration'].map(suite), browser, cluster],
  // For hangs alone: no test passes or fails by its speed. Jest takes no notice of one within a project.
  testTimeout: 600_000,
};
