/**
 * `docker trust` behind a proxy, by the sources and by the one executable: HTTPS_PROXY is asked for a
 * tunnel, through which the certificate of the trust server itself is verified; NO_PROXY and this
 * machine are not asked for there. And before a trust server that wants a client certificate.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  makeAuthority,
  makeMember,
  makeTlsCertificate,
} from '../../src/adapters/certificates/index.ts';
import { parseGun } from '../../src/tuf/index.ts';
import { repositoryAtVersionOne } from '../support/client-attacks.ts';
import { plainEnvironment, runCommand } from '../support/command.ts';
import { type OneFile, oneFile } from '../support/one-file.ts';
import { ownProgram } from '../support/own-program.ts';

const gun = parseGun('trust.example/app');
const now = new Date();
const { certificate, privateKey } = makeTlsCertificate({ hosts: ['trust.example'], now });
const authority = makeAuthority(now);
const asked: string[] = [];
let built: OneFile;
let server: Server;
/** Like it, for those with a certificate of the authority. */
let closed: Server;
let proxy: Server;
let folder: string;

before(async () => {
  built = await oneFile();
  const { served } = await repositoryAtVersionOne(gun, new Date(now.getTime() - 86_400_000));
  const answer: RequestListener = (request, response) => {
    const [, file = ''] = /_trust\/tuf\/(.+)\.json$/.exec(request.url ?? '') ?? [];
    response.writeHead(served.has(file) ? 200 : 404).end(served.get(file));
  };
  const tls = { cert: certificate, key: privateKey.reveal() };
  server = createHttpsServer(tls, answer);
  const asking = { ca: authority.certificate, requestCert: true, rejectUnauthorized: true };
  closed = createHttpsServer({ ...tls, ...asking }, answer);
  proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    socket.on('error', () => {});
    const tunnel = connect(portOf(server), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on('error', () => socket.destroy());
    socket.on('close', () => tunnel.destroy());
  });
  for (const each of [server, closed, proxy]) {
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
  }
  folder = mkdtempSync(join(tmpdir(), 'cm-proxy-'));
});
after(() => {
  built?.[Symbol.dispose]();
  for (const each of [server, closed, proxy]) {
    each?.close();
    each?.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
});

const portOf = (each: Server) => (each.address() as AddressInfo).port;

/** Each with a folder of its own, in which the certificate of the trust server lies, or another. */
async function inspect(
  program: readonly string[],
  variables: NodeJS.ProcessEnv,
  pem = certificate,
) {
  const config = mkdtempSync(join(folder, 'config-'));
  for (const host of ['trust.example', `127.0.0.1:${portOf(server)}`]) {
    mkdirSync(join(config, 'tls', host), { recursive: true });
    writeFileSync(join(config, 'tls', host, 'ca.crt'), pem);
  }
  const [file = '', ...first] = program;
  const env = { ...plainEnvironment(), HOME: config, DOCKER_CONFIG: config, ...variables };
  const ended = await runCommand(file, [...first, 'docker', 'trust', 'inspect', gun], { env });
  return { ...ended, asked: asked.splice(0) };
}

for (const [name, program] of [
  ['the sources', ownProgram],
  ['the one executable', () => [built.file]],
] as const) {
  const proxied = () => `http://127.0.0.1:${portOf(proxy)}`;

  test(`${name}: the proxy is asked for a tunnel`, async () => {
    for (const variable of ['HTTPS_PROXY', 'https_proxy']) {
      const { code, stderr, asked } = await inspect(program(), { [variable]: proxied() });
      assert.deepEqual([code, stderr], [0, ''], variable);
      assert.deepEqual([...new Set(asked)], ['trust.example:443']);
    }
  });

  test(`${name}: behind a proxy the certificate is verified all the same`, async () => {
    const other = makeTlsCertificate({ hosts: ['trust.example'], now }).certificate;
    const { code, stderr } = await inspect(program(), { HTTPS_PROXY: proxied() }, other);
    assert.equal(code, 1);
    assert.match(stderr, /REMOTE_CERTIFICATE/);
  });

  test(`${name}: NO_PROXY and this machine need no proxy`, async () => {
    const variables = { HTTPS_PROXY: proxied(), NO_PROXY: 'other.example,trust.example' };
    const excepted = await inspect(program(), variables);
    assert.deepEqual([excepted.code, excepted.asked], [1, []]);
    const here = await inspect(program(), {
      HTTPS_PROXY: proxied(),
      DOCKER_CONTENT_TRUST_SERVER: `https://127.0.0.1:${portOf(server)}`,
    });
    assert.deepEqual([here.code, here.stderr, here.asked], [0, '', []]);
  });
}

for (const [name, inspecting] of [
  ['the sources', () => [...ownProgram(), 'docker']],
  ['the one executable', () => [built.file, 'docker']],
  ['docker itself', () => ['docker']],
] as const) {
  test(`${name} shows a trust server the client certificate that lies in tls/HOST`, async () => {
    const config = mkdtempSync(join(folder, 'config-'));
    const host = `127.0.0.1:${portOf(closed)}`;
    const [file = '', ...first] = inspecting();
    const env = {
      ...{ ...plainEnvironment(), HOME: config, DOCKER_CONFIG: config },
      DOCKER_CONTENT_TRUST_SERVER: `https://${host}`,
    };
    const look = () => runCommand(file, [...first, 'trust', 'inspect', gun], { env });
    mkdirSync(join(config, 'tls', host), { recursive: true });
    writeFileSync(join(config, 'tls', host, 'ca.crt'), certificate);
    assert.equal((await look()).code, 1, 'without one');
    const me = { commonName: 'me', use: 'clientAuth', hosts: [], now } as const;
    const { certificate: cert, privateKey: key } = makeMember(authority, me);
    writeFileSync(join(config, 'tls', host, 'client.cert'), cert);
    writeFileSync(join(config, 'tls', host, 'client.key'), key.reveal());
    const { code, stderr } = await look();
    assert.deepEqual([code, stderr], [0, '']);
  });
}
