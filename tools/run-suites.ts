import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { type SuiteResult, summarize } from './suite-result.ts';

/** Runs the suites named (all by default), one after the other; ends with `N passed, N failed` over all of them. */
const SUITES = ['unit', 'property', 'captures', 'integration', 'browser', 'cluster'];

const asked = process.argv.slice(2).filter((name) => name !== '');
const unknown = asked.filter((name) => !SUITES.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`there is no suite ${unknown.join(', ')}; the suites are ${SUITES.join(', ')}\n`);
  process.exit(1);
}

const suites = asked.length > 0 ? asked : SUITES;
/** Builds a Kubernetes beside the suites before it, which wait a lot; it takes what processors they leave. */
const preparing = suites.includes('cluster')
  ? spawn('nice', ['-n', '19', process.execPath, 'tools/prepare-cluster.ts'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  : undefined;
const ready = preparing && exitOf(preparing);
const results: SuiteResult[] = [];
for (const name of suites) {
  if (name === 'cluster' && (await ready) !== 0)
    process.stdout.write('what the cluster suite runs on could not be built\n');
  results.push(runSuite(name));
}
process.stdout.write(`${summarize(results).join('\n')}\n`);
process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1;

async function exitOf(child: ChildProcess): Promise<unknown> {
  const [code] = await once(child, 'exit');
  return code;
}

function runSuite(name: string): SuiteResult {
  const report = `build/test/${name}.json`;
  mkdirSync('build/test', { recursive: true });
  rmSync(report, { force: true });
  const started = Date.now();
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--selectProjects', name, '--json', `--outputFile=${report}`, ...workers(name)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
    },
  );
  const seconds = Math.round((Date.now() - started) / 1000);
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, success } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    // A file that could not be loaded has no tests to fail; it counts as one. So does a test that was skipped.
    const broken = numFailedTests + numPendingTests > 0 ? 0 : numFailedTestSuites;
    const failed = numFailedTests + numPendingTests + broken;
    return { name, passed: numPassedTests, failed: failed === 0 && !success ? 1 : failed, seconds };
  } catch {
    process.stdout.write(`the ${name} suite ended with status ${status} and without a report\n`);
    return { name, passed: 0, failed: 1, seconds };
  }
}

/** Servers and captures share two cores with what is tested: one file at a time. The cluster's files share one cluster. */
function workers(name: string): string[] {
  return name === 'integration' || name === 'browser' || name === 'cluster' ? ['--runInBand'] : ['--maxWorkers=2'];
}
