import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { collectBytes, digestOf, fromUtf8, Secret, utf8 } from '../../base/index.ts';
import { mediaTypes, parseRepositoryName, parseTag } from '../../oci/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { anonymous, type CredentialSource, Remotes } from './index.ts';

const repository = parseRepositoryName('acme/app');
const kate: CredentialSource = async () => ({
  kind: 'password',
  username: 'kate',
  password: new Secret('a:b'),
});
const digest = digestOf(utf8('blob'));

test('a token is fetched once for a scope, with the saved login, and again when it is over', async (t) => {
  const server = await fakeServer(t, { lifetimeSeconds: 60 });
  let now = new Date('2026-11-21T00:00:00Z');
  const registry = remotes(t, { credentials: kate, clock: () => now }).registry(
    server.host,
    'http',
  );
  assert.equal(await registry.blobSize(repository, digest), 4);
  assert.equal(await registry.blobSize(repository, digest), 4);
  assert.deepEqual(server.log, [
    'HEAD blob anonymous',
    `token kate:a:b repository:acme/app:pull service=fake account=kate`,
    'HEAD blob Bearer token-1',
    'HEAD blob Bearer token-1',
  ]);
  server.log.length = 0;
  now = new Date('2026-11-21T00:01:00Z');
  await registry.blobSize(repository, digest);
  assert.deepEqual(server.log.at(-1), 'HEAD blob Bearer token-2');
});

test('a destination is read with the right to push, and a source without', async (t) => {
  const server = await fakeServer(t, {});
  const made = remotes(t, { credentials: anonymous });
  const image = { host: server.host, repository };
  for (const side of [await made.copySource(image), await made.copyDestination(image)]) {
    await side.blobSize(digest);
  }
  assert.deepEqual(
    server.log.flatMap((line) => /^token - (\S+)/.exec(line)?.[1] ?? []),
    ['repository:acme/app:pull', 'repository:acme/app:pull,push'],
  );
});

test('nobody is asked to log in who need not', async (t) => {
  const server = await fakeServer(t, {});
  await remotes(t, { credentials: anonymous })
    .registry(server.host, 'http')
    .blobSize(repository, digest);
  assert.equal(server.log[1], 'token - repository:acme/app:pull service=fake account=null');
});

test('an identity token is sent in a form, never in a URL', async (t) => {
  const server = await fakeServer(t, {});
  const credentials: CredentialSource = async () => ({
    kind: 'identity-token',
    token: new Secret('refresh'),
  });
  await remotes(t, { credentials }).registry(server.host, 'http').blobSize(repository, digest);
  assert.equal(
    server.log[1],
    'POST token grant_type=refresh_token&client_id=countermark&service=fake&scope=repository%3Aacme%2Fapp%3Apull&refresh_token=refresh',
  );
});

test('a server that goes on refusing is not asked for ever', async (t) => {
  const server = await fakeServer(t, { refusesTokens: true });
  await assert.rejects(
    remotes(t, { credentials: kate }).registry(server.host, 'http').blobSize(repository, digest),
    { code: 'REMOTE_UNAUTHORIZED' },
  );
  assert.equal(server.log.length, 3);
});

const badChallenges: readonly [challenge: string, code: string][] = [
  ['', 'REMOTE_CHALLENGE'],
  ['Negotiate', 'REMOTE_CHALLENGE'],
  ['Bearer realm="x', 'REMOTE_CHALLENGE'],
  ['Bearer service="s"', 'REMOTE_CHALLENGE'],
  ['Bearer realm="http://example.com/token"', 'REMOTE_CHALLENGE'],
  ['Bearer realm="https://user:password@example.com/token"', 'REMOTE_CHALLENGE'],
  ['Bearer realm="file:///etc/passwd"', 'REMOTE_CHALLENGE'],
];

for (const [challenge, code] of badChallenges) {
  test(`no password follows the challenge ${JSON.stringify(challenge)}`, async (t) => {
    const server = await fakeServer(t, { challenge });
    const { registry } = {
      registry: remotes(t, { credentials: kate }).registry(server.host, 'http'),
    };
    await assert.rejects(registry.blobSize(repository, digest), { code });
    assert.deepEqual(server.log, ['HEAD blob anonymous']);
  });
}

test('a Basic challenge gets the login itself, and none without one', async (t) => {
  const server = await fakeServer(t, { challenge: 'Basic realm="x"' });
  const registry = remotes(t, { credentials: kate }).registry(server.host, 'http');
  assert.equal(await registry.blobSize(repository, digest), 4);
  assert.equal(server.log[1], 'HEAD blob Basic a2F0ZTphOmI=');
  const nobody = remotes(t, { credentials: anonymous }).registry(server.host, 'http');
  await assert.rejects(nobody.blobSize(repository, digest), { code: 'REMOTE_UNAUTHORIZED' });
});

test('the token stays behind when a blob lies on another host', async (t) => {
  const elsewhere = await fakeServer(t, { open: true });
  const server = await fakeServer(t, {
    redirect: `http://localhost:${elsewhere.port}/v2/x/blobs/y`,
  });
  const registry = remotes(t, { credentials: kate }).registry(server.host, 'http');
  assert.deepEqual(await registry.measureBlob(repository, digest, 10), { sizeBytes: 4, digest });
  assert.deepEqual(elsewhere.log, ['GET blob anonymous']);
});

const redirects: readonly [to: string, code: string][] = [
  ['http://example.com/blob', 'REMOTE_PLAIN_HTTP'],
  ['/v2/acme/app/blobs/again', 'REMOTE_REDIRECT'],
];

for (const [redirect, code] of redirects) {
  test(`a redirect to ${redirect} ends with ${code}`, async (t) => {
    const server = await fakeServer(t, { open: true, redirect });
    const registry = remotes(t, { credentials: anonymous }).registry(server.host, 'http');
    await assert.rejects(registry.measureBlob(repository, digest, 10), { code });
  });
}

test('an image is pushed and pulled, and what is missing is undefined', async (t) => {
  await using server = await startRegistry();
  const registry = remotes(t, { credentials: anonymous }).registry(
    new URL(server.origin).host,
    'http',
  );
  const config = utf8('{}');
  const layer = {
    digest: digestOf(utf8('in two parts')),
    sizeBytes: 12,
    async *open() {
      yield utf8('in two');
      yield utf8(' parts');
    },
  };
  for (let i = 0; i < 2; i++) {
    assert.equal(await registry.pushBlob(repository, config), digestOf(config));
    assert.equal(await registry.pushBlob(repository, layer), layer.digest);
  }
  const bytes = utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: 2 },
      layers: [{ mediaType: mediaTypes.ociLayer, digest: layer.digest, size: 12 }],
    }),
  );
  const pushed = { bytes, mediaType: mediaTypes.ociManifest };
  const named = await registry.pushManifest(repository, parseTag('v1'), pushed);
  assert.deepEqual(await registry.manifest(repository, named), {
    bytes: Buffer.from(bytes),
    mediaType: mediaTypes.ociManifest,
  });
  assert.equal(await registry.blobSize(repository, layer.digest), 12);
  const { sizeBytes } = (await registry.measureBlob(repository, layer.digest, 5)) ?? {};
  assert.ok(sizeBytes !== undefined && sizeBytes > 5, 'reading stops beyond the limit');
  const body = await registry.openBlob(repository, layer.digest);
  assert.equal(body && fromUtf8((await collectBytes(body, 100)) ?? utf8('')), 'in two parts');

  assert.equal(await registry.manifest(repository, parseTag('v2')), undefined);
  assert.equal(await registry.blobSize(repository, digest), undefined);
  assert.equal(await registry.measureBlob(repository, digest, 5), undefined);
  const lie = { ...layer, digest: digestOf(utf8('something else')) };
  await assert.rejects(registry.pushBlob(repository, lie), { code: 'REMOTE_STATUS' });
});

const publishAnswers: readonly [status: number, body: string, outcome: string][] = [
  [200, '', 'accepted'],
  [400, '{"errors":[{"code":"VERSION","message":"newer","detail":{}}]}', 'superseded'],
  [500, '{"errors":[{"code":"UPDATING","message":"race"}]}', 'superseded'],
  [400, '{"errors":[{"code":"INVALID_UPDATE","message":"no"}]}', 'REMOTE_STATUS'],
  [202, '', 'REMOTE_STATUS'],
  [500, '<html>', 'REMOTE_STATUS'],
];

for (const [status, body, outcome] of publishAnswers) {
  test(`an upload that is answered ${status} ${body} is ${outcome}`, async (t) => {
    const server = await fakeServer(t, { answer: [status, body] });
    const trust = remotes(t, { trustServer: `http://${server.host}` }).trust(
      parseGun('example.com/app'),
      { forWriting: true },
    );
    const found = await trust.publish([]).catch((error) => error.code);
    assert.equal(found, outcome);
  });
}

test('metadata longer than was announced is refused, and 404 is undefined', async (t) => {
  const server = await fakeServer(t, { answer: [200, 'x'.repeat(50)] });
  const gun = parseGun('example.com/app');
  const trust = remotes(t, { trustServer: `http://${server.host}` }).trust(gun, {
    forWriting: false,
  });
  await assert.rejects(trust.byHash('targets', 'ab', 49), { code: 'REMOTE_TOO_LARGE' });
  assert.equal((await trust.byHash('targets', 'ab', 50))?.length, 50);
  const none = await fakeServer(t, { answer: [404, ''] });
  const empty = remotes(t, { trustServer: `http://${none.host}` }).trust(gun, {
    forWriting: false,
  });
  assert.equal(await empty.root(), undefined);
  assert.deepEqual(none.log, ['GET /v2/example.com/app/_trust/tuf/root.json']);
});

test('a trust server elsewhere is spoken to over TLS only', (t) => {
  const made = remotes(t, { trustServer: 'http://example.com' });
  assert.throws(() => made.trust(parseGun('example.com/app'), { forWriting: false }), {
    code: 'REMOTE_PLAIN_HTTP',
  });
});

interface FakeOptions {
  readonly lifetimeSeconds?: number;
  readonly refusesTokens?: boolean;
  readonly challenge?: string;
  readonly redirect?: string;
  /** Asks nobody who they are. */
  readonly open?: boolean;
  /** Answers everything so. */
  readonly answer?: readonly [status: number, body: string];
}

/** A registry and token server that only pretends, and writes down who asked what. */
async function fakeServer(t: TestContext, options: FakeOptions) {
  const log: string[] = [];
  let tokens = 0;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const authorization = request.headers.authorization;
    const body = await bodyOf(request);
    if (options.answer) {
      log.push(`${request.method} ${url.pathname}`);
      return response.writeHead(options.answer[0]).end(options.answer[1]);
    }
    if (url.pathname === '/token') {
      const basic = Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64').toString();
      const { searchParams: query } = url;
      log.push(
        request.method === 'POST'
          ? `POST token ${body}`
          : `token ${basic || '-'} ${query.get('scope')} service=${query.get('service')} account=${query.get('account')}`,
      );
      const token = `token-${++tokens}`;
      const lifetime = { expires_in: options.lifetimeSeconds };
      return response.end(JSON.stringify({ token, access_token: token, ...lifetime }));
    }
    log.push(`${request.method} blob ${authorization ?? 'anonymous'}`);
    if (!options.open && (options.refusesTokens || authorization === undefined)) {
      return unauthorized(response, request.headers.host ?? '', options.challenge);
    }
    if (options.redirect) return response.writeHead(307, { location: options.redirect }).end();
    return response.writeHead(200, { 'content-length': 4 }).end('blob');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { log, port, host: `127.0.0.1:${port}` };
}

function unauthorized(response: ServerResponse, host: string, challenge?: string) {
  const bearer = `Bearer realm="http://${host}/token",service="fake",scope="repository:acme/app:pull"`;
  return response.writeHead(401, { 'www-authenticate': challenge ?? bearer }).end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.from((await collectBytes(request, 1_000_000)) ?? []).toString();
}

function remotes(t: TestContext, options: Partial<ConstructorParameters<typeof Remotes>[0]>) {
  const made = new Remotes({ credentials: anonymous, clock: () => new Date(), ...options });
  t.after(() => made[Symbol.dispose]());
  return made;
}
