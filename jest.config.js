/** Tests run as they are written: ES modules, with the types stripped by swc. */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // They take minutes, and have commands of their own: npm run test:pages and so on.
  testPathIgnorePatterns: ['/node_modules/', '/test/(packaging|history|faults|pages|commands)/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  globalSetup: '<rootDir>/test/support/announce.ts',
  testTimeout: 30_000,
  maxWorkers: 3, // the integration tests wait more than they compute
};
