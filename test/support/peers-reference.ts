import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';
import { PeerProcess } from './peer-process.ts';
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
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => {
    process.removeListener('exit', clean);
    clean();
  });
  const registryPeer = undo.use(
    new PeerProcess('docker-registry', ['serve', join(folder, 'registry.yml')]),
  );
  const trustPeer = undo.use(
    new PeerProcess('notary-server', ['-config', join(folder, 'notary.json')]),
  );
  const whenReady = service === undefined ? 200 : 401;
  await registryPeer.ready(() => fetch(`http://${registry}/v2/`).then((answer) => answer.ok));
  await trustPeer.ready(() =>
    wireRequest(`https://${trust}/v2/`).then(({ status }) => status === whenReady),
  );
  const peers = undo.move();
  return {
    registry,
    registryFolder: join(folder, 'registry'),
    registryPid: registryPeer.pid,
    trustServer: `https://${trust}`,
    certificateFile,
    [Symbol.asyncDispose]: () => peers.disposeAsync(),
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
