// `make test`: everything that is checked without Go, in one run and one closing line.
// Each static check counts as one; a step that fails does not hide the steps behind it.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { CommandError, root, run } from './command.ts';

/** Linting takes about as long as the others together: it runs beside them. */
const staticLanes = [['lint'], ['types', 'format', 'structure', 'unused']] as const;
const jestReport = `${root}.cache/jest.json`;

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of jest's report that is read here. */
interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

/** Runs a step and tells whether it ended well; what it printed has been shown. */
async function step(name: string, work: () => Promise<unknown>): Promise<boolean> {
  const startedMs = performance.now();
  let verdict = 'ok';
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    verdict = 'FAILED';
    if (error.output !== '') console.log(error.output.trimEnd());
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`== ${name}: ${verdict} (${seconds} s)`);
  return verdict === 'ok';
}

async function runJest(args: readonly string[]): Promise<Count> {
  await mkdir(`${root}.cache`, { recursive: true });
  await rm(jestReport, { force: true });
  // Jest by itself leaves one processor idle, which is half of a small machine.
  const options = ['--json', `--outputFile=${jestReport}`, '--maxWorkers=100%'];
  const endedWell = await step('tests', () =>
    run('npm', ['run', '-s', 'test', '--', ...options, ...args], { show: true }),
  );
  let report: JestReport;
  try {
    report = JSON.parse(await readFile(jestReport, 'utf8')) as JestReport;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    // Jest may fail as a whole without a failed test, for example by an unhandled rejection.
    failed: endedWell ? failed : Math.max(failed, 1),
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

const count: Count = { passed: 0, failed: 0, skipped: 0 };
await Promise.all(
  staticLanes.map(async (names) => {
    for (const name of names) {
      const endedWell = await step(name, () => run('npm', ['run', '-s', name]));
      count[endedWell ? 'passed' : 'failed'] += 1;
    }
  }),
);
const tests = await runJest(process.argv.slice(2));
count.passed += tests.passed;
count.failed += tests.failed;
count.skipped += tests.skipped;

const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
process.exitCode = count.failed === 0 ? 0 : 1;
