/**
 * Mutation testing of the pure files: `npm run test:mutation`. Only their unit tests are run, so that it takes minutes.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: [
    'src/polling/decide.ts',
    'src/fax-api/{classify,wording,rate-headers,redact}.ts',
    'src/pacing/{pace,hold-time,outage,fault-backoff,completion-model,worth,choose,refusal-scope,not-found}.ts',
  ],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    config: {
      testMatch: [
        '<rootDir>/test/polling/decide.test.ts',
        '<rootDir>/test/fax-api/{classify,wording,rate-headers,redact}.test.ts',
        '<rootDir>/test/pacing/{pace,hold-time,outage,fault-backoff,completion-model,worth,choose,refusal-scope}.test.ts',
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
