// Formatting is prettier's. Every restriction below names what to use instead.
import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const timerGlobals = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'].map((name) => ({
  name,
  message: 'Timers come from the injected Clock of lib/runtime (setTimer, sleep).',
}));

const clockSyntax = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Take the wall time from the injected Clock of lib/runtime (nowMs).',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Take the wall time from the injected Clock of lib/runtime (nowMs).',
  },
  {
    selector: "MemberExpression[object.name='performance'][property.name='now']",
    message: 'Take durations from the injected Clock of lib/runtime (monotonicMs).',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Take random bytes from the injected Rng of lib/runtime.',
  },
];

const typedButton = {
  selector: "JSXOpeningElement[name.name='button']:not(:has(JSXAttribute[name.name='type']))",
  message: 'Write type="button": inside the console\'s form the default submits all settings.',
};

const workerImports = {
  name: 'node:worker_threads',
  message: 'Threads are started and served by Thread and serveThread of lib/runtime.',
};

const deepLibImports = {
  regex: '(^|/)lib/[^/]+/(?!index\\.ts$)',
  message: 'Import a library through its index.ts.',
};

const testFiles = ['**/*.test.ts', '**/*.test.tsx', '**/*-fixture.ts', 'test/**'];

export default tseslint.config(
  { ignores: ['**/dist/', '.cache/', 'node_modules/', 'coverage/', 'test/vectors/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // An interface may be asynchronous for the sake of another implementation.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      eqeqeq: 'error',
      'no-restricted-imports': ['error', { patterns: [deepLibImports] }],
      'max-lines': ['warn', 400],
      'max-lines-per-function': ['warn', { max: 70, skipBlankLines: true }],
      complexity: ['warn', 12],
    },
  },
  {
    files: ['lib/**', 'server/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', ...timerGlobals],
      'no-restricted-syntax': ['error', ...clockSyntax],
      'no-restricted-imports': ['error', { paths: [workerImports], patterns: [deepLibImports] }],
    },
  },
  {
    // The one place that owns time, chance and threads.
    files: ['lib/runtime/**'],
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-syntax': 'off',
      'no-restricted-imports': 'off',
    },
  },
  {
    // Codecs index arrays that they have just measured; dependency-cruiser guards the edges here.
    files: ['lib/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: ['webapp/**'],
    extends: [jsxA11y.flatConfigs.strict],
    plugins: { 'react-hooks': reactHooks },
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', typedButton],
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
    },
  },
  {
    files: testFiles,
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-lines-per-function': 'off',
      'no-restricted-imports': 'off',
    },
  },
  {
    // Programs that drive other programs print and wait for real.
    files: ['test/**', 'build/**'],
    rules: { 'no-console': 'off', 'no-restricted-globals': 'off', 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.js', '**/*.cjs', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
);
