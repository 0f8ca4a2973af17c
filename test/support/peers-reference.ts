import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment, runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';
import { wireRequest } from './wire-request.ts';

/** Debian's registry and trust server, the programs that the store takes the place of. */
export interface ReferencePair extends AsyncDisposable {
  /** `127.0.0.1:PORT` of the registry. */
  readonly registry: string;
  /** What its configuration calls `rootdirectory`. */
  readonly registryFolder: string;
  /** Process id of the registry. */
  readonly registryPid: number;
  /** `https://127.0.0.1:PORT`, for `DOCKER_CONTENT_TRUST_SERVER`. */
  readonly trustServer: string;
  readonly certificateFile: string;
}

/**
 * Starts `docker-registry` (plain HTTP, as docker accepts for 127.0.0.1) and `notary-server` 0.7
 * (TLS, keys and metadata in memory). What they make docker print is what ours must make it print.
 *
 * @param service  of token authentication by notary-server; nobody is asked who they are without it
 */
export async function startReferencePair({
  service,
}: {
  readonly service?: string;
} = {}): Promise<ReferencePair> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-reference-'));
  const [registry, trust] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const certificateFile = await makeCertificate(folder);
  writeFileSync(
    join(folder, 'registry.yml'),
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
      http: { addr: registry },
      log: { level: 'error' },
    }),
  );
  writeFileSync(
    join(folder, 'notary.json'),
    JSON.stringify({
      server: {
        http_addr: trust,
        tls_cert_file: certificateFile,
        tls_key_file: join(folder, 'key.pem'),
      },
      trust_service: { type: 'local', key_algorithm: 'ecdsa' },
      storage: { backend: 'memory' },
      ...(service !== undefined && {
        auth: {
          type: 'token',
          options: {
            ...{ realm: 'https://127.0.0.1/token', service, issuer: 'nobody' },
            rootcertbundle: certificateFile,
          },
        },
      }),
      logging: { level: 'error' },
    }),
  );
  const children = [
    start('docker-registry', ['serve', join(folder, 'registry.yml')]),
    start('notary-server', ['-config', join(folder, 'notary.json')]),
  ];
  const atExit = () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  await until(() => fetch(`http://${registry}/v2/`).then((answer) => answer.ok));
  const whenReady = service === undefined ? 200 : 401;
  await until(() => wireRequest(`https://${trust}/v2/`).then(({ status }) => status === whenReady));
  return {
    registry,
    registryFolder: join(folder, 'registry'),
    registryPid: children[0]?.pid ?? 0,
    trustServer: `https://${trust}`,
    certificateFile,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(children.map(end));
      process.removeListener('exit', atExit);
      atExit();
    },
  };
}

async function makeCertificate(folder: string): Promise<string> {
  const file = join(folder, 'cert.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  succeeded(
    await runCommand('openssl', [
      ...['req', '-x509', '-days', '2', ...key, ...name],
      ...['-keyout', join(folder, 'key.pem'), '-out', file],
    ]),
  );
  return file;
}

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { env: plainEnvironment(), stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const limit = Date.now() + 10_000; Date.now() < limit; await sleep(50)) {
    if (await holds().catch(() => false)) return;
  }
  throw new Error('a reference server did not become ready within 10 s');
}
