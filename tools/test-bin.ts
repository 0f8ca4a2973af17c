/**
 * `npm run test:bin [-- FILE ...]`: the end-to-end tests of the command line (or these files) against the
 * one executable of `npm run build:bin`, which is built first. `npm test` runs them against the sources.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { oneFile } from '../test/support/one-file.ts';
import { callPeers } from '../test/support/peers.ts';

process.chdir(join(import.meta.dirname, '..'));
/** Those that start countermark as `ownProgram` says. */
const started =
  'test/e2e/{docker-trust-*,cli-interop,enforcement*,import-notary*,signer-{move,process,token}}.test.ts';

const named = process.argv.slice(2);
const wanted = named.length > 0 ? named : globSync(started).sort();
const { files, leftOut } = await callPeers(wanted, console.log);
using built = await oneFile('shipped');
const flags = ['--test', '--test-concurrency=1', '--test-timeout=300000'];
const runner = spawn(process.execPath, [...flags, ...files], {
  stdio: 'inherit',
  env: { ...process.env, COUNTERMARK_EXECUTABLE: built.file },
});
const code = await new Promise<number | null>((resolve) => runner.on('exit', resolve));
if (leftOut !== undefined) console.log(leftOut);
process.exitCode = code ?? 1;
