import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { isStoreError, Secret } from '../../base/index.ts';
import { type ImportTarget, importRepositories } from '../../trust/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { AuthorizedClient, HttpsClient } from '../remotes/index.ts';
import { RowShelf } from './row-shelf.ts';
import { ServerSource } from './server-source.ts';

/*
 * Servers that lie or vanish while a repository is looked at: one code each, and nothing is written.
 * What they have is a real repository (test/fixtures/notary); each lie is told for one of its files.
 */
const folder = 'test/fixtures/notary/delegations-jeff-releases/server';
const gun = parseGun(readFileSync(`${folder}/../GUN`, 'utf8').trim());
const base = `/v2/${gun}/_trust/tuf/`;
const read = (role: string) => readFileSync(`${folder}/${role}.json`);

/** Paths that the honest server answers, and by what name tests know them. */
const honest = new Map<string, { readonly name: string; readonly body: Buffer }>();
honest.set(`${base}timestamp.json`, { name: 'timestamp', body: read('timestamp') });
for (const by of ['timestamp', 'snapshot']) {
  const { meta } = JSON.parse(String(read(by))).signed;
  for (const [name, { hashes }] of Object.entries<{ hashes: { sha256: string } }>(meta)) {
    const hex = Buffer.from(hashes.sha256, 'base64').toString('hex');
    honest.set(`${base}${name}.${hex}.json`, { name, body: read(name) });
  }
}

type Answer = (response: ServerResponse, request: IncomingMessage, body: Buffer) => void;

const plainly: Answer = (response, _request, body) => void response.writeHead(200).end(body);
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end('{}');

/** Sends on until somebody hangs up. */
const endlessly: Answer = (response) => {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
  };
  response.on('drain', more);
  more();
};

/** @returns what became of the repository, or what ended the import */
async function look(
  lies: Readonly<Record<string, Answer>>,
  others: Answer = status(404),
  guns: readonly string[] = [gun],
) {
  const server = createServer((request, response) => {
    const file = honest.get(request.url ?? '');
    const answer = file ? (lies[file.name] ?? plainly) : others;
    answer(response, request, file?.body ?? Buffer.alloc(0));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  using http = new HttpsClient({ silenceMs: 500 });
  const client = new AuthorizedClient({
    ...{ http, origin, host: `127.0.0.1:${port}`, clock: () => new Date() },
    credentials: async () => ({ kind: 'password', username: 'u', password: new Secret('p') }),
  });
  using shelf = new RowShelf(tmpdir());
  const source = new ServerSource({ client, origin, wanted: { guns, prefix: '' }, shelf });
  const target: ImportTarget = {
    stored: async () => ({ files: [], keyIds: new Set() }),
    write: () => assert.fail('something was written'),
  };
  const places = { here: 'https://here.example', there: origin };
  try {
    const request = { source, target, dryRun: true, now: new Date(), ...places };
    const plans = await importRepositories(request);
    const [plan] = plans;
    const states = plans.map(({ state }) => state);
    const { code, message } = plan?.reason ?? {};
    return { state: plan?.state, states, code, message };
  } catch (error) {
    assert.ok(isStoreError(error), String(error));
    return { state: 'ended', states: [], code: error.code, message: error.message };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('an honest server is read', async () => {
  assert.equal((await look({})).state, 'new');
});

const cutShort: Answer = (response, _request, body) => {
  response.writeHead(200, { 'content-length': String(body.length) });
  response.write(body.subarray(0, 100), () => response.destroy());
};
const ofAnother: Answer = (response) =>
  void response
    .writeHead(200)
    .end(readFileSync('test/fixtures/notary/init-3-tags/server/targets.json'));
const oneByte: Answer = (response, _request, body) => {
  const changed = Buffer.from(body);
  changed[body.length - 40] = (changed[body.length - 40] ?? 0) ^ 1;
  response.writeHead(200).end(changed);
};
const page: Answer = (response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>a proxy</html>');
const announcesMuch: Answer = (response) => {
  response.writeHead(200, { 'content-length': String(1e12) });
  response.write(' ');
};
const silence: Answer = () => {};
const hangsUp: Answer = (_response, request) => void request.socket.destroy();

// What it does; for which file; what becomes of the repository; by which code.
const lies: readonly [string, Answer, of: string, state: string, code: string][] = [
  ['other bytes', ofAnother, 'targets', 'refused', 'REMOTE_ANSWER'],
  ['one byte changed', oneByte, 'snapshot', 'refused', 'REMOTE_ANSWER'],
  ['one byte changed', oneByte, 'timestamp', 'refused', 'TUF_BELOW_THRESHOLD'],
  ['bytes cut short', cutShort, 'root', 'refused', 'REMOTE_TRUNCATED'],
  ['endless bytes', endlessly, 'timestamp', 'refused', 'REMOTE_TOO_LARGE'],
  ['endless bytes', endlessly, 'targets/jeff', 'refused', 'REMOTE_TOO_LARGE'],
  ['a terabyte announced', announcesMuch, 'targets', 'refused', 'REMOTE_TOO_LARGE'],
  ["a proxy's page", page, 'timestamp', 'refused', 'IMPORT_NO_TIMESTAMP'],
  ["a proxy's page", page, 'snapshot', 'refused', 'IMPORT_FILE_MISSING'],
  ['404', status(404), 'timestamp', 'refused', 'IMPORT_NO_TIMESTAMP'],
  ['404', status(404), 'targets/releases', 'refused', 'IMPORT_FILE_MISSING'],
  ['500', status(500), 'timestamp', 'refused', 'REMOTE_STATUS'],
  ['503', status(503), 'root', 'refused', 'REMOTE_STATUS'],
  ['403', status(403), 'targets', 'refused', 'REMOTE_STATUS'],
  [
    'a redirect',
    status(302, { location: 'http://127.0.0.1:1/x' }),
    'root',
    'refused',
    'REMOTE_STATUS',
  ],
  ['401 without a way to log in', status(401), 'targets', 'ended', 'REMOTE_CHALLENGE'],
  [
    '401 whatever login there is',
    status(401, { 'www-authenticate': 'Basic realm="x"' }),
    'snapshot',
    'refused',
    'REMOTE_UNAUTHORIZED',
  ],
  [
    '401 with a token server in plain text elsewhere',
    status(401, { 'www-authenticate': 'Bearer realm="http://evil.example/token"' }),
    'snapshot',
    'ended',
    'REMOTE_CHALLENGE',
  ],
  ['silence', silence, 'targets', 'ended', 'REMOTE_TIMEOUT'],
  ['a connection that breaks', hangsUp, 'snapshot', 'ended', 'REMOTE_UNREACHABLE'],
];
for (const [what, answer, of, state, code] of lies) {
  test(`${what} for ${of}: ${code}`, async () => {
    const end = await look({ [of]: answer });
    assert.deepEqual([end.state, end.code], [state, code], end.message);
  });
}

/** Asks for a token that holds for so many requests; a new one is given, or not. */
function tokens(requestsEach: number, mostTokens: number) {
  let left = 0;
  let given = 0;
  const guarded: Answer = (response, request, body) => {
    const valid = request.headers.authorization === `Bearer token-${given}` && left-- > 0;
    if (valid)
      return body.length > 0
        ? plainly(response, request, body)
        : status(404)(response, request, body);
    const realm = `http://${request.headers.host}/token`;
    status(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` })(
      response,
      request,
      body,
    );
  };
  const others: Answer = (response, request, body) => {
    if (!request.url?.startsWith('/token')) return guarded(response, request, body);
    if (given === mostTokens) return status(401)(response, request, body);
    left = requestsEach;
    response.writeHead(200).end(JSON.stringify({ token: `token-${++given}`, expires_in: 300 }));
  };
  const names = [...honest.values()].map(({ name }) => [name, guarded]);
  return { lies: Object.fromEntries(names) as Record<string, Answer>, others, given: () => given };
}

test('a token that ends in the middle is asked for again, and all is read', async () => {
  const world = tokens(3, 1_000);
  const end = await look(world.lies, world.others);
  assert.equal(end.state, 'new', `${end.code} ${end.message}`);
  assert.ok(world.given() > 1);
});

test('a login that ends in the middle is told as such', async () => {
  const world = tokens(3, 1);
  const end = await look(world.lies, world.others);
  assert.deepEqual([end.state, end.code], ['refused', 'REMOTE_UNAUTHORIZED']);
});

test('a repository that cannot be read is named, and keeps no other from being taken', async () => {
  const bad: Answer = (response, request, body) =>
    status(request.url?.includes('/other/') ? 500 : 404)(response, request, body);
  const other = 'docker.example/other/name';
  const end = await look({}, bad, [other, gun]);
  assert.deepEqual(end.states, ['refused', 'new']);
  assert.match(end.message ?? '', /other\/name\/_trust\/tuf\/timestamp\.json answered 500/);
});
