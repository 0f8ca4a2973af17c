import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';
import { PeerProcess } from './peer-process.ts';
import { wireRequest } from './wire-request.ts';

/** Debian's registry, open to everybody. */
export interface DockerRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly origin: string;
  readonly pid: number;
  /** The root of its filesystem driver. */
  readonly folder: string;
}

/**
 * Starts `docker-registry` with its filesystem driver, its descriptors cached in memory and deletes
 * allowed, in a temporary folder.
 */
export async function startDockerRegistry({ tls = false } = {}): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-docker-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const data = join(folder, 'data');
  const certificate = tls ? await makeCertificate(folder) : undefined;
  const config = join(folder, 'config.yml');
  writeFileSync(
    config,
    JSON.stringify({
      version: 0.1,
      storage: {
        filesystem: { rootdirectory: data, maxthreads: 100 },
        cache: { blobdescriptor: 'inmemory' },
        delete: { enabled: true },
      },
      http: { addr: address, ...(certificate && { tls: certificate }) },
      log: { level: 'error', accesslog: { disabled: true } },
    }),
  );
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  const peer = new PeerProcess('docker-registry', ['serve', config]);
  const origin = `${tls ? 'https' : 'http'}://${address}`;
  await peer.ready(() => wireRequest(`${origin}/v2/`).then(({ status }) => status === 200));
  return {
    origin,
    pid: peer.pid,
    folder: data,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      process.removeListener('exit', clean);
      clean();
    },
  };
}

async function makeCertificate(folder: string) {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  succeeded(
    await runCommand('openssl', [
      ...['req', '-x509', '-days', '2', ...curve, ...name],
      ...['-keyout', key, '-out', certificate],
    ]),
  );
  return { certificate, key };
}
