import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryClient } from '../../../test/support/registry-client.ts';
import { type Fault, RegistryMiddleman } from '../../../test/support/registry-middleman.ts';
import { type RegistryServer, startRegistry } from '../../../test/support/registry-server.ts';
import { collectBytes, type Digest, digestOf, utf8 } from '../../base/index.ts';
import { copyImage } from '../../copy/index.ts';
import { mediaTypes, parseRepositoryName, parseTag } from '../../oci/index.ts';
import { AuthorizedClient, anonymous, HttpsClient, RepositoryRemote } from './index.ts';

const repository = parseRepositoryName('acme/app');
const v1 = parseTag('v1');
const nobody = { planned: () => {}, sent: () => {}, arrived: () => {} };
/** Two pieces, and a last one of more than a fault lets through. */
const large = randomBytes(17 * 1024 * 1024);
const largeDigest = digestOf(large);
const piece = 8 * 1024 * 1024;

/** A repository whose waits are short, and counted. */
function repositoryAt(t: TestContext, host: string, pauseMs = 100) {
  const http = new HttpsClient();
  t.after(() => http[Symbol.dispose]());
  const origin = `http://${host}`;
  const credentials = anonymous;
  const client = new AuthorizedClient({ http, origin, host, credentials, clock: () => new Date() });
  const waits = { count: 0 };
  const pause = async (attempt: number) => {
    waits.count++;
    await sleep(attempt * pauseMs);
  };
  return Object.assign(new RepositoryRemote({ client, origin, repository, pause }), { waits });
}

let there: RegistryServer;
let pushed: Digest;
before(async () => {
  there = await startRegistry();
  pushed = await pushLarge(there);
});
after(async () => {
  await there?.[Symbol.asyncDispose]();
});

async function pushLarge({ origin }: RegistryServer): Promise<Digest> {
  const client = new RegistryClient(origin);
  const config = await client.pushBlob(utf8('{}'), mediaTypes.ociConfig);
  const layers = [await client.pushBlob(large)];
  const mediaType = mediaTypes.ociManifest;
  const bytes = utf8(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  assert.equal((await client.putManifest('v1', bytes)).status, 201);
  return digestOf(bytes);
}

const isPiece = ({ method }: IncomingMessage) => method === 'PATCH';
const isEnd = ({ method, url = '' }: IncomingMessage) =>
  method === 'PUT' && decodeURIComponent(url).includes(`digest=${largeDigest}`);
const isLarge = ({ method, url }: IncomingMessage) =>
  method === 'GET' && url?.endsWith(largeDigest) === true;

/** What breaks once at either side, and how many bytes of the large layer are then sent. */
const breaks: readonly [
  what: string,
  side: 'source' | 'destination',
  which: (request: IncomingMessage) => boolean,
  fault: Fault,
][] = [
  ['a download in its middle', 'source', isLarge, { kind: 'cut-answer', afterBytes: 9_000_000 }],
  ['a download at once', 'source', isLarge, { kind: 'cut-answer', afterBytes: 1 }],
  ['the source is busy', 'source', isLarge, { kind: 'status', status: 503 }],
  ['a piece of the upload', 'destination', isPiece, { kind: 'cut-request', afterBytes: 3_000_000 }],
  ['the answer to a piece', 'destination', isPiece, { kind: 'lose-answer' }],
  ['the last piece', 'destination', isEnd, { kind: 'cut-request', afterBytes: 1_000_000 }],
  ['the answer to the last piece', 'destination', isEnd, { kind: 'lose-answer' }],
  ['the destination is busy', 'destination', isPiece, { kind: 'status', status: 429 }],
];

for (const [what, side, which, fault] of breaks) {
  test(`a copy goes on where it broke: ${what}`, async (t) => {
    await using here = await startRegistry();
    await using source = await RegistryMiddleman.start(there.origin);
    await using destination = await RegistryMiddleman.start(here.origin);
    const broken = { count: 0 };
    const on = side === 'source' ? source : destination;
    on.fault = (request) => (which(request) && broken.count++ === 0 ? fault : undefined);
    const from = repositoryAt(t, source.host);
    const to = repositoryAt(t, destination.host);
    const ways = { source: from, destination: to, reference: v1, tag: v1 };
    const copied = await copyImage({ ...ways, attached: false, watch: nobody });
    assert.equal(copied.digest, pushed);
    assert.ok(broken.count > 0 && from.waits.count + to.waits.count > 0);
    assert.equal(await to.digestOf(v1), pushed);
    const body = await to.openBlob(largeDigest);
    assert.equal(
      digestOf((body && (await collectBytes(body, large.length))) ?? utf8('')),
      largeDigest,
    );
    const sent = destination.passed.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(sent < large.length + piece + 10_000, `${sent} bytes were sent`);
  });
}

test('a connection that always breaks ends the copy, and nothing is left of the upload', async (t) => {
  await using here = await startRegistry();
  await using source = await RegistryMiddleman.start(there.origin);
  source.fault = (request) =>
    isLarge(request) ? { kind: 'cut-answer', afterBytes: 5 } : undefined;
  const from = repositoryAt(t, source.host, 10);
  const to = repositoryAt(t, new URL(here.origin).host);
  const ways = { source: from, destination: to, reference: v1, tag: v1 };
  await assert.rejects(copyImage({ ...ways, attached: false, watch: nobody }), {
    code: 'REMOTE_TRUNCATED',
  });
  assert.ok(from.waits.count >= 5 && from.waits.count < 10);
  assert.equal(await to.digestOf(v1), undefined);
  assert.deepEqual(
    (await here.files()).filter((file) => file.includes('upload')),
    [],
  );
});

/** A source that answers a second request for a blob in its own way. */
const resumptions: readonly [
  what: string,
  answer: (offset: number, response: ServerResponse) => void,
  end: string,
][] = [
  ['knows no ranges', (_, response) => response.end('0123456789'), '0123456789'],
  [
    'sends another range',
    (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('0123456789'),
    'REMOTE_STATUS',
  ],
  ['has it no more', (_, response) => response.writeHead(404).end(), 'REMOTE_ANSWER'],
  ['has nothing more', (_, response) => response.writeHead(416).end(), 'REMOTE_STATUS'],
  [
    'says another number',
    (offset, response) =>
      response.writeHead(206, { 'content-range': `bytes ${offset}-9/10` }).end('456789'),
    '0123456789',
  ],
];

for (const [what, answer, end] of resumptions) {
  test(`a download that broke goes on where a source ${what}`, async (t) => {
    const host = await serve(t, ({ headers }, response) => {
      if (headers.range) return answer(Number(/\d+/.exec(headers.range)?.[0]), response);
      response.writeHead(200, { 'content-length': 10 }).write('0123');
      setTimeout(() => response.destroy(), 20);
    });
    const body = await repositoryAt(t, host).openBlob(digestOf(utf8('x')));
    const found = await collectBytes(body ?? ([] as never), 100).then(String, ({ code }) => code);
    assert.equal(found, end);
  });
}

const image = { mediaType: mediaTypes.ociManifest, digest: digestOf(utf8('a')), size: 1 };
const list = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [image],
});
const ociIndex = { 'content-type': mediaTypes.ociIndex };

const referrers: readonly [
  what: string,
  status: number,
  headers: Record<string, string>,
  body: string,
  found: unknown,
][] = [
  ['a list', 200, ociIndex, list, [image.digest]],
  ['no such API', 404, {}, '404 page not found', undefined],
  ['what older ones say', 400, {}, '', undefined],
  ['a page for people', 200, { 'content-type': 'text/html' }, '<html>', undefined],
  ['no list', 200, ociIndex, '{}', 'OCI_MANIFEST_INVALID'],
  ['pages without end', 200, { ...ociIndex, link: '<?next>; rel="next"' }, list, 'REMOTE_ANSWER'],
  ['too much', 200, ociIndex, ' '.repeat(5_000_000), 'REMOTE_TOO_LARGE'],
  ['a refusal', 403, {}, '', 'REMOTE_STATUS'],
];

for (const [what, status, headers, body, found] of referrers) {
  test(`a source that answers for referrers with ${what}`, async (t) => {
    const host = await serve(t, (_, response) => response.writeHead(status, headers).end(body));
    const answer = await repositoryAt(t, host)
      .referrers(image.digest)
      .catch(({ code }) => code);
    assert.deepEqual(answer, found);
  });
}

const uploads: readonly [
  what: string,
  location: string,
  range: string | undefined,
  code: string,
][] = [
  ['goes on at another host', 'http://127.0.0.2:1/upload', undefined, 'REMOTE_ANSWER'],
  ['goes on nowhere', '', undefined, 'REMOTE_ANSWER'],
  ['has more than was sent', '/upload', '0-99999999', 'REMOTE_ANSWER'],
  ['has less than was sent', '/upload', '0-5', 'REMOTE_ANSWER'],
];

for (const [what, location, range, code] of uploads) {
  test(`an upload that ${what} ends`, async (t) => {
    const host = await serve(t, (request, response) => {
      request
        .resume()
        .on('end', () => response.writeHead(202, { location, ...(range && { range }) }).end());
    });
    const sending = async () => {
      const upload = await repositoryAt(t, host).beginBlob(largeDigest);
      if (upload !== 'mounted') await upload.append(large.subarray(0, upload.pieceBytes));
    };
    await assert.rejects(sending, { code });
  });
}

test('a registry that refuses a mount from nowhere is asked for a plain upload', async (t) => {
  const asked: string[] = [];
  const host = await serve(t, ({ url = '' }, response) => {
    asked.push(url);
    if (url.includes('mount=')) return response.writeHead(400).end();
    return response.writeHead(202, { location: '/upload' }).end();
  });
  assert.notEqual(await repositoryAt(t, host).beginBlob(largeDigest), 'mounted');
  assert.equal(asked.length, 2);
});

test('a registry that makes another manifest of what it was sent is told so', async (t) => {
  const host = await serve(t, (_, response) =>
    response.writeHead(201, { 'docker-content-digest': digestOf(utf8('rewritten')) }).end(),
  );
  const manifest = { bytes: utf8('{}'), mediaType: mediaTypes.ociManifest };
  await assert.rejects(repositoryAt(t, host).putManifest(v1, manifest), { code: 'REMOTE_ANSWER' });
});

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
