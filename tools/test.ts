/**
 * `npm test`: everything. Types and lint beside unit and contract tests, then the real docker CLI,
 * engine and notary against `npm start`. Ends with a total over all of them.
 *
 * A peer that is missing is installed where that is possible (root on Debian); otherwise one line
 * says which tests were left out and why, and with CI=true that is a failure.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callPeers, namesPeers, needsEngine } from '../test/support/peers.ts';
import { check, quickTests } from './check.ts';
import type { Counts } from './test-counts.ts';

process.chdir(join(import.meta.dirname, '..'));
const none: Counts = {
  tests: 0,
  suites: 0,
  passed: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
  todo: 0,
};
const startedAt = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'cm-test-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const endToEnd = globSync('test/e2e/**/*.test.ts').sort();
const quick = quickTests();

const asking = [...endToEnd, ...quick.filter(namesPeers)];
const { files, leftOut } = await callPeers(asking, say);
const canRun = (file: string) => files.includes(file) || !asking.includes(file);
say('types, lint, unit and contract tests');
const { sound, ...quickOnes } = await check(quick.filter(canRun));
// Two lanes, since there are two cores: one engine at a time, and beside it what needs none.
const alone = ['--test-concurrency=1', '--test-timeout=300000'];
const [withEngine, withoutEngine] = [true, false].map((is) =>
  endToEnd.filter((file) => canRun(file) && needsEngine(file) === is),
) as [string[], string[]];
const beside = join(folder, 'beside.txt');
const results = [
  quickOnes,
  ...(await Promise.all([
    suite('end-to-end tests with an engine', withEngine, alone),
    suite('end-to-end tests without one', withoutEngine, alone, beside),
  ])),
];
say(`end-to-end tests without an engine, ${withoutEngine.length} files, run beside those with one`);
if (existsSync(beside)) console.log(readFileSync(beside, 'utf8'));

say('total');
const total = results.map(({ counts }) => counts).reduce(sum);
for (const [word, count] of Object.entries(total)) console.log(`ℹ ${named(word)} ${count}`);
console.log(`ℹ duration_ms ${Date.now() - startedAt}`);
if (leftOut !== undefined) console.log(leftOut);
if (!sound) console.log('types or lint: see after the unit and contract tests');
const complete = leftOut === undefined || process.env.CI !== 'true';
process.exitCode = sound && complete && results.every(({ code }) => code === 0) ? 0 : 1;

/** @param transcript  the file that gets what is printed, instead of this terminal */
async function suite(
  title: string,
  tests: readonly string[],
  flags: readonly string[],
  transcript = 'stdout',
) {
  if (transcript === 'stdout') say(`${title}, ${tests.length} files`);
  const counted = join(folder, `${title.replaceAll(' ', '-')}.json`);
  const reporters = [
    ...['--test-reporter=spec', `--test-reporter-destination=${transcript}`],
    ...['--test-reporter=./tools/test-counts.ts', `--test-reporter-destination=${counted}`],
  ];
  const code =
    tests.length === 0 ? 0 : await run('node', '--test', ...flags, ...reporters, ...tests);
  return { code, counts: tests.length === 0 ? none : countsIn(counted) };
}

/** Runs a program of `node_modules/.bin`, or of the PATH, to its end; it writes to this terminal. */
function run(program: string, ...args: string[]): Promise<number> {
  const path = `${join(process.cwd(), 'node_modules/.bin')}:${process.env.PATH}`;
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, PATH: path } });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function countsIn(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts;
  } catch {
    // The runner itself was ended: that is one failure, whatever it had counted.
    return { ...none, failed: 1 };
  }
}

function sum(a: Counts, b: Counts): Counts {
  return {
    tests: a.tests + b.tests,
    suites: a.suites + b.suites,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    skipped: a.skipped + b.skipped,
    todo: a.todo + b.todo,
  };
}

/** As `node --test` writes it. */
function named(word: string): string {
  return word === 'passed' ? 'pass' : word === 'failed' ? 'fail' : word;
}

function say(line: string): void {
  console.log(`\n— ${line}`);
}
