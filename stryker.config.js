/**
 * Mutation testing of the pure files: `npm run test:mutation`. Only their unit tests are run, so that it takes minutes.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: [
    'src/polling/step.ts',
    'src/fax-api/{classify,wording,rate-headers}.ts',
    'src/log/redact.ts',
    'src/limit/{pace,hold-time,outage,refusal-scope,not-found}.ts',
    'src/schedule/{fault-backoff,life-table,worth,choose}.ts',
  ],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    config: {
      testMatch: [
        '<rootDir>/test/polling/step.test.ts',
        '<rootDir>/test/fax-api/{classify,wording,rate-headers}.test.ts',
        '<rootDir>/test/log/redact.test.ts',
        '<rootDir>/test/limit/{pace,hold-time,outage,refusal-scope}.test.ts',
        '<rootDir>/test/schedule/{fault-backoff,life-table,worth,choose}.test.ts',
      ],
      globalSetup: undefined, // it tells what integration tests leave out
    },
  },
  concurrency: 2,
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  // A folder that git and ESLint ignore already.
  tempDirName: 'coverage/mutation',
  htmlReporter: { fileName: 'coverage/mutation.html' },
};
