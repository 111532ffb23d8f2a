const suite = (name, testTimeout) => ({
  displayName: name,
  testEnvironment: 'node',
  roots: [`<rootDir>/test/${name}`],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.js' },
  testTimeout,
});

/** One project a suite: `npx jest --selectProjects unit`. Timeouts are for hangs; no test passes or fails by its speed. */
export default {
  projects: [
    suite('unit', 60_000),
    suite('property', 600_000),
    suite('captures', 300_000),
    suite('integration', 600_000),
  ],
};
