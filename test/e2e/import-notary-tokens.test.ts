import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { makeTlsCertificate } from '../../src/adapters/certificates/index.ts';
import { plainEnvironment, printed, runCommand, succeeded } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { makeNotaryTokens } from '../support/notary-tokens.ts';
import { runOwn } from '../support/own-program.ts';
import { PeerProcess } from '../support/peer-process.ts';
import { wireRequest } from '../support/wire-request.ts';

/*
 * Debian's notary-server, which asks for tokens, is read with the login that its token server knows.
 */
const gun = 'docker.example/acme/app';
const login = Buffer.from('kate:a password').toString('base64');
const folder = mkdtempSync(join(tmpdir(), 'cm-import-tokens-'));
const certificateFile = join(folder, 'cert.pem');
/** What the token server was asked for, and by whom; `-` is nobody. */
const asked: string[] = [];
let url = '';
let realm = '';
let tokenServer: Server;
let notaryServer: PeerProcess;

before(async () => {
  const [port, tokenPort] = [await freePort(), await freePort()];
  const { certificate: cert, privateKey } = makeTlsCertificate({ hosts: [], now: new Date() });
  const key = privateKey.reveal();
  writeFileSync(certificateFile, cert);
  writeFileSync(join(folder, 'key.pem'), key);
  realm = `https://127.0.0.1:${tokenPort}/token`;
  const tokens = await makeNotaryTokens(folder, realm);
  tokenServer = createServer({ cert, key }, (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'https://127.0.0.1');
    const [, basic] = request.headers.authorization?.split(' ') ?? [];
    const name =
      Buffer.from(basic ?? '', 'base64')
        .toString()
        .split(':', 1)[0] || '-';
    const scope = searchParams.get('scope') ?? '';
    asked.push(`${name} ${scope}`);
    if (basic !== login) return void response.writeHead(401).end('{}');
    const body = { token: tokens.tokenFor(scope.split(':')[1] ?? ''), expires_in: 60 };
    response.writeHead(200).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => tokenServer.listen(tokenPort, '127.0.0.1', resolve));
  const config = {
    server: {
      http_addr: `127.0.0.1:${port}`,
      tls_cert_file: certificateFile,
      tls_key_file: join(folder, 'key.pem'),
    },
    trust_service: { type: 'local', key_algorithm: 'ecdsa' },
    storage: { backend: 'memory' },
    auth: tokens.auth,
    logging: { level: 'error' },
  };
  writeFileSync(join(folder, 'notary.json'), JSON.stringify(config));
  notaryServer = new PeerProcess('notary-server', ['-config', join(folder, 'notary.json')]);
  url = `https://127.0.0.1:${port}`;
  await notaryServer.ready(() => wireRequest(`${url}/v2/`).then(({ status }) => status === 401));
  mkdirSync(join(folder, '.notary'));
  const root = { remote_server: { url, root_ca: certificateFile } };
  writeFileSync(join(folder, '.notary', 'config.json'), JSON.stringify(root));
  await notary('init', gun);
  writeFileSync(join(folder, 'content'), 'content');
  for (const name of ['v1', 'v2']) await notary('add', gun, name, join(folder, 'content'), '-p');
});

after(async () => {
  await notaryServer?.[Symbol.asyncDispose]();
  tokenServer?.closeAllConnections();
  await new Promise<void>((resolve) => tokenServer?.close(() => resolve()));
  rmSync(folder, { recursive: true, force: true });
});

async function notary(...args: string[]): Promise<void> {
  const names = ['ROOT', 'TARGETS', 'SNAPSHOT'];
  const passphrases = names.map((name) => [`NOTARY_${name}_PASSPHRASE`, 'a passphrase']);
  const env = { ...plainEnvironment(), ...Object.fromEntries(passphrases) };
  const options = { env: { ...env, HOME: folder, NOTARY_AUTH: login } };
  succeeded(await runCommand('notary', ['-d', join(folder, 'trust'), ...args], options));
}

function imported(data: string, variables: Record<string, string>) {
  const flags = ['--data', join(folder, data), '--from', url, '--cacert', certificateFile, gun];
  const env = { ...plainEnvironment(), HOME: folder, ...variables };
  return runOwn(['import', 'notary', ...flags, '--json'], { env });
}

test('with the login every version comes along, and one token serves for all of it', async () => {
  asked.length = 0;
  const end = succeeded(await imported('data', { NOTARY_AUTH: login }));
  const [plan] = JSON.parse(end.stdout).repositories;
  const read = [...asked];
  using database = new DatabaseSync(join(folder, 'data', 'store.sqlite'), { readOnly: true });
  const rows = database.prepare('select role, version, bytes from tuf_files').all();
  const ours = new Map(
    rows.map(({ role, version, bytes }) => [
      `${version}.${role}`,
      Buffer.from(bytes as Uint8Array),
    ]),
  );
  assert.deepEqual(ours, await versionsThere(plan.versions));
  assert.equal(plan.written, ours.size);
  assert.ok(ours.size >= 6);
  assert.deepEqual(read, [`kate repository:${gun}:pull`]);
});

/** All that the server has, asked version by version. */
async function versionsThere(current: readonly { role: string; version: number }[]) {
  const basic = { headers: { authorization: `Basic ${login}` } };
  const { body } = await wireRequest(`${realm}?scope=repository:${gun}:pull`, basic);
  const headers = { authorization: `Bearer ${JSON.parse(String(body)).token}` };
  const found = new Map<string, Buffer>();
  for (const { role, version } of current) {
    for (let at = 1; at <= version; at++) {
      const path = `${url}/v2/${gun}/_trust/tuf/${at}.${role}.json`;
      const answer = await wireRequest(path, { headers });
      if (answer.status === 200) found.set(`${at}.${role}`, answer.body);
    }
  }
  return found;
}

for (const [who, variables] of [
  ['nobody', {}],
  ['somebody else', { NOTARY_AUTH: Buffer.from('eve:guess').toString('base64') }],
] as const) {
  test(`${who} gets nothing, and hears why`, async () => {
    const end = await imported(who, variables);
    assert.equal(end.code, 1, printed(end));
    const [plan] = JSON.parse(end.stdout).repositories;
    assert.deepEqual([plan.state, plan.reason.code], ['refused', 'REMOTE_UNAUTHORIZED']);
    assert.match(plan.reason.message, /run docker login 127\.0\.0\.1/);
    assert.doesNotMatch(printed(end), /guess/);
  });
}

test('the login that docker saved is used when there is no other', async () => {
  const host = new URL(url).host;
  mkdirSync(join(folder, '.docker'), { recursive: true });
  const logins = JSON.stringify({ auths: { [host]: { auth: login } } });
  writeFileSync(join(folder, '.docker', 'config.json'), logins);
  const end = succeeded(await imported('by-docker', {}));
  assert.equal(JSON.parse(end.stdout).repositories[0].state, 'new');
});
