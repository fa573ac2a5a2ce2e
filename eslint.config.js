import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error', // pino is the logger; the command line alone speaks to people
    },
  },
  {
    files: ['src/overview/served/*.js'], // for browsers
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'fetch', 'location', 'AbortSignal', 'DOMParser', 'setTimeout'].map((name) => [name, 'readonly']),
      ),
    },
  },
  { files: ['src/cli.ts', 'src/cli/**', 'test/bench/**'], rules: { 'no-console': 'off' } },
);
