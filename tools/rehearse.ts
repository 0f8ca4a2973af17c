import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { makeTlsCertificate } from '../src/adapters/certificates/index.ts';
import { parseGun, withTarget } from '../src/tuf/index.ts';
import { plainEnvironment, runCommand, succeeded } from '../test/support/command.ts';
import { SimulatedRepository } from '../test/support/simulated-repository.ts';

const tag = 'v1';
const hashes = new Map([['sha256', new Uint8Array(32)]]);

/**
 * Has the executable pull an image with content trust, and write down in which order it uses what it is made
 * of. Trust server and engine are played here; neither says anything that the order could depend on.
 *
 * @param folder  an empty one
 * @returns       the file for Bun's `--bytecode-order`
 */
export async function rehearse(executable: string, folder: string): Promise<string> {
  const gun = parseGun('localhost/rehearsed');
  const now = new Date();
  const repository = new SimulatedRepository(gun, now);
  repository.edit('targets', now, (own) => withTarget(own, tag, { sizeBytes: 1, hashes }));
  await repository.publish(['root', 'targets'], now);
  await using trust = await playTrustServer(repository);
  const socket = join(folder, 'docker.sock');
  await using _engine = await playEngine(socket);
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  // Ours asks the engine itself only where docker is a program.
  writeFileSync(join(programs, 'docker'), '\x7fELF', { mode: 0o755 });
  const order = join(folder, 'order');
  const env = {
    ...plainEnvironment(),
    ...{ HOME: folder, DOCKER_CONFIG: folder, DOCKER_HOST: `unix://${socket}` },
    ...{ DOCKER_CONTENT_TRUST: '1', DOCKER_CONTENT_TRUST_SERVER: trust.url },
    PATH: [programs, process.env.PATH].join(delimiter),
  };
  const pull = ['docker', 'pull', `${gun}:${tag}`];
  // The first pull keeps what was verified, so the second is as most are.
  succeeded(await runCommand(executable, pull, { env }));
  const observed = { ...env, BUN_BYTECODE_ORDER_OUT: order };
  succeeded(await runCommand(executable, pull, { env: observed }));
  return order;
}

async function playTrustServer(repository: SimulatedRepository) {
  const { certificate, privateKey } = makeTlsCertificate({ hosts: [], now: new Date() });
  const server = createHttpsServer(
    { cert: certificate, key: privateKey.reveal() },
    (request, response) => {
      const name = /\/_trust\/tuf\/(.+)\.json$/.exec(request.url ?? '')?.[1];
      const bytes = repository.served.get(name ?? '');
      response.writeHead(bytes ? 200 : 404).end(bytes);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** It has every image, for this machine. */
async function playEngine(socket: string): Promise<AsyncDisposable> {
  const headers = { 'api-version': '1.50', server: 'Docker/28.2.2 (linux)' };
  const server = createServer(({ method, url = '' }, response) => {
    response.writeHead(/\/tag\?/.test(url) ? 201 : 200, headers);
    if (method === 'GET')
      response.end(
        JSON.stringify({
          Os: 'linux',
          Architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        }),
      );
    else response.end(url.includes('/images/create?') ? '{"status":"up to date"}\n' : '');
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return server;
}
