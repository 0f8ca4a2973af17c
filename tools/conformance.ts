/**
 * `npm run conformance`: the official conformance suite of the OCI distribution specification against
 * `npm start`, with everything it can test switched on. It is a Go program, so it is no part of
 * `npm test`: Go 1.24 or later must be there, and the module proxy that it uses must have the module.
 * A program that was built elsewhere is taken from the variable CONFORMANCE_PROGRAM. Exits 1 when
 * anything failed or was not tried, and when the suite is not to be had.
 *
 * @see github.com/opencontainers/distribution-spec, conformance/README.md
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, printed, runCommand } from '../test/support/command.ts';
import { admin, ServerProcess } from '../test/support/server-process.ts';

/** The suite of July 2026, the rewritten one: 1.1 and what is agreed on for the next version. */
const suite =
  'github.com/opencontainers/distribution-spec/conformance@967efdc079b91785ad18c77cc4f8991a47feefbf';

/**
 * What the suite leaves out of its defaults. Not `OCI_DATA_SPARSE`: the specification lets a registry
 * refuse manifests whose parts are missing, and docs/divergences.md says why this one does.
 */
const everything = {
  OCI_VERSION: '1.1',
  OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_TAG_PARAM: 'true',
};

const folder = mkdtempSync(join(tmpdir(), 'cm-conformance-'));
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<boolean> {
  const program = process.env.CONFORMANCE_PROGRAM ?? (await install());
  if (program === undefined) return false;
  // Where everybody may read, a blob may be mounted without saying where it is.
  await using server = await ServerProcess.start({
    policy: { version: 1, anonymousPull: ['store', 'conformance'] },
  });
  const tested = await runCommand(program, [], {
    cwd: folder,
    env: {
      ...plainEnvironment(),
      ...everything,
      OCI_REGISTRY: server.host,
      OCI_TLS: 'enabled',
      SSL_CERT_FILE: server.certificateFile,
      OCI_LOG: 'error',
      OCI_REPO1: 'conformance/repo1',
      OCI_REPO2: 'conformance/repo2',
      OCI_USERNAME: admin.name,
      OCI_PASSWORD: admin.password,
      OCI_RESULTS_DIR: folder,
    },
    timeoutMs: 600_000,
  });
  const summary = tested.stdout.slice(tested.stdout.indexOf('OCI Conformance Result'));
  console.log(summary.trim());
  const unwell = notPassed(tested.stdout);
  if (unwell.length > 0)
    console.log(`\nnot passed:\n${unwell.slice(0, 40).join('\n')}\n\n${firstFailure()}`);
  if (tested.stderr) console.error(tested.stderr.slice(0, 3_000));
  return tested.code === 0 && unwell.length === 0 && /Pass\.*: +[1-9]/.test(summary);
}

/** Installs the suite into the temporary folder. @returns undefined when that cannot be done */
async function install(): Promise<string | undefined> {
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-modcacherw', GOTOOLCHAIN: 'local' };
  try {
    const installed = await runCommand('go', ['install', suite], { env, timeoutMs: 600_000 });
    if (installed.code === 0) return join(folder, 'conformance');
    console.error(printed(installed));
    console.error(
      '\nthe conformance suite could not be installed, so nothing was tested; ' +
        'where the module is not to be had, name a program built elsewhere by CONFORMANCE_PROGRAM',
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.error('there is no go on this machine (1.24 or later), so nothing was tested');
  }
  return undefined;
}

/** Lines of single tests that did neither pass nor belong to the sparse ones, which are off. */
function notPassed(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => /: (FAIL|Skip|Error|Disabled|Unknown)$/.test(line))
    .filter((line) => !/Sparse|sparse/.test(line));
}

/** The request and the answer of the first test that failed, for whoever has to mend it. */
function firstFailure(): string {
  const report = readFileSync(join(folder, 'junit.xml'), 'utf8');
  const [, text = ''] = /status="failure">(.*?)<\/testcase>/s.exec(report) ?? [];
  return text.slice(0, 3_000);
}
