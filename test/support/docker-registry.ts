import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment, runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';
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
  const child = spawn('docker-registry', ['serve', config], {
    env: plainEnvironment(),
    stdio: 'ignore',
  });
  const atExit = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  const origin = `${tls ? 'https' : 'http'}://${address}`;
  const answers = () =>
    wireRequest(`${origin}/v2/`).then(
      ({ status }) => status === 200,
      () => false,
    );
  for (const limit = Date.now() + 20_000; !(await answers()); await sleep(50)) {
    if (Date.now() > limit) throw new Error('docker-registry did not become ready within 20 s');
  }
  return {
    origin,
    pid: child.pid ?? 0,
    folder: data,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
      process.removeListener('exit', atExit);
      rmSync(folder, { recursive: true, force: true });
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
