/**
 * `npm run check`: types, lint, and the unit and contract tests, beside each other.
 *
 * The tests of a room of the house (`src/chain` and all below it) share a process, in which each file is
 * a suite: to start Node and to import what is tested took longer than the tests of most files. A file that changes what a process
 * shares has one for itself.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import type { Counts } from './test-counts.ts';

const root = join(import.meta.dirname, '..');
const programs = join(root, 'node_modules/.bin');
/** Where `npm start` keeps compiled modules too. */
const compileCache = join(root, 'node_modules/.cache/countermark');
const changesTheProcess = /\bprocess\.(emit|chdir|umask|exit|env\.\w+ = )|\bmock\./;
const fileTimeoutMs = 180_000;
const wholeTimeoutMs = 600_000;
/** A suite's own limit begins when its file was loaded. */
const loaded = `
async function loaded(module) {
  const late = Promise.withResolvers();
  const timer = setTimeout(() => late.reject(new Error('not loaded in time')), ${fileTimeoutMs});
  await Promise.race([module, late.promise]).finally(() => clearTimeout(timer));
}
`;

if (import.meta.main) {
  process.chdir(root);
  const { sound, code } = await check(quickTests());
  process.exitCode = sound ? code : 1;
}

/** What `check` found. */
export interface Checked {
  /** Types and lint. */
  readonly sound: boolean;
  /** 0 when every file was run to its end and every test passed. */
  readonly code: number;
  readonly counts: Counts;
}

/** All test files below the working folder but the end-to-end ones. */
export function quickTests(): string[] {
  return globSync(['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'])
    .filter((file) => !file.startsWith(join('test', 'e2e', sep)))
    .sort();
}

/** Prints the tests as they run, and after them what is said about types and lint. */
export async function check(files: readonly string[]): Promise<Checked> {
  // The tests have the other core; several checkers would do much of the work twice.
  const asked = Promise.all([outcomeOf('tsc', '--singleThreaded'), outcomeOf('biome', 'check')]);
  const tests = await runTogether(files);
  const outcomes = await asked;
  for (const { text } of outcomes) process.stdout.write(text);
  return { sound: outcomes.every(({ code }) => code === 0), ...tests };
}

async function runTogether(files: readonly string[]): Promise<Omit<Checked, 'sound'>> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-check-'));
  const ended = new Set<string>();
  const counts: Counts = {
    ...{ tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 },
  };
  let success = false;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const events = run({
    files: processesOf(files).map(([name, group]) => writeEntry(folder, name, group)),
    // One more than can run, since some wait: for a timer, for a limit, for the disk.
    concurrency: availableParallelism() + 1,
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(wholeTimeoutMs)]),
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  events.on('test:pass', ({ name }) => ended.add(name));
  events.on('test:fail', ({ name }) => ended.add(name));
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    Object.assign(counts, summary.counts);
    success = summary.success;
  });
  try {
    for await (const text of events.compose(new spec())) process.stdout.write(text);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const unended = files.filter((file) => !ended.has(file));
  if (unended.length > 0) {
    console.log(`✖ not run to their end, see their process above: ${unended.join(', ')}`);
  }
  if (success && unended.length === 0) return { code: 0, counts };
  // A process that ended, or could not tidy up, is a failure of no test.
  const isCounted = counts.failed + counts.cancelled > 0;
  return { code: 1, counts: isCounted ? counts : { ...counts, failed: 1 } };
}

/** What each process is called, and its files; the fullest folders begin first, they take the longest. */
function processesOf(files: readonly string[]): readonly [string, string[]][] {
  const groups = Map.groupBy(files, (file) =>
    changesTheProcess.test(readFileSync(file, 'utf8')) ? file : roomOf(file),
  );
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

/** `src/chain` of all that lies below it. */
function roomOf(file: string): string {
  return dirname(file).split(sep, 2).join(sep);
}

/** Writes the module that runs these files one after another, each as the suite of its name. */
function writeEntry(folder: string, name: string, files: readonly string[]): string {
  const entry = join(folder, `${name.replaceAll(sep, '+')}.mjs`);
  const suites = files.map((file) => {
    const url = JSON.stringify(pathToFileURL(file).href);
    const options = `{ timeout: ${fileTimeoutMs} }`;
    return `await suite(${JSON.stringify(file)}, ${options}, () => loaded(import(${url})));\n`;
  });
  // Node's tls has no createSecureContext once a certificate was read before tls was loaded.
  const imports = `import 'node:tls';\nimport { suite } from 'node:test';\n`;
  writeFileSync(entry, `${imports}${loaded}${suites.join('')}`);
  return entry;
}

/** Runs a program of `node_modules/.bin` to its end; what it prints is kept. */
function outcomeOf(program: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => text.push(chunk));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, text: text.join('') }));
  });
}
