/**
 * What a stranger may send: each malformed request gets the error body of the protocol it speaks,
 * with a code, a 4xx, and leaves nothing behind. Asked as the administrator, so that nothing is
 * refused merely for who asks.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';
import { holdings } from '../support/server-process-leavings.ts';
import { type WireAnswer, wireRequest } from '../support/wire-request.ts';

/** A request, and the codes that may answer it; `path` is sent as it stands here. */
interface Bad {
  readonly title: string;
  readonly send: readonly [method: string, path: string];
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly code: string;
  readonly status?: number;
}

const digest = `sha256:${'0'.repeat(64)}`;
const docker = 'application/vnd.docker.distribution.manifest.v2+json';
const oci = 'application/vnd.oci.image.manifest.v1+json';
const put = (reference: string) => ['PUT', `/v2/admin/app/manifests/${reference}`] as const;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
const complete = { schemaVersion: 2, mediaType: oci, config, layers: [] };
const as = (type: string) => ({ 'content-type': type });

// biome-ignore format: a table
const toRegistry: readonly Bad[] = [
  { title: 'a manifest that is not JSON', send: put('1'), headers: as(docker), body: 'no json', code: 'MANIFEST_INVALID' },
  { title: 'a manifest cut short', send: put('1'), headers: as(docker), body: JSON.stringify(complete).slice(0, -9), code: 'MANIFEST_INVALID' },
  { title: 'a manifest that is no UTF-8', send: put('1'), headers: as(docker), body: Uint8Array.of(0x7b, 0xff, 0x7d), code: 'MANIFEST_INVALID' },
  { title: 'an empty manifest', send: put('1'), headers: as(docker), body: '', code: 'MANIFEST_INVALID' },
  { title: 'a manifest that is an array', send: put('1'), headers: as(oci), body: '[]', code: 'MANIFEST_INVALID' },
  { title: 'a manifest without layers', send: put('1'), headers: as(oci), body: JSON.stringify({ ...complete, layers: undefined }), code: 'MANIFEST_INVALID' },
  { title: 'a manifest with a negative size', send: put('1'), headers: as(oci), body: JSON.stringify({ ...complete, layers: [{ ...config, size: -1 }] }), code: 'MANIFEST_INVALID' },
  { title: 'a manifest with a digest that is none', send: put('1'), headers: as(oci), body: JSON.stringify({ ...complete, config: { ...config, digest: 'sha256:no' } }), code: 'MANIFEST_INVALID' },
  { title: 'a manifest of two media types', send: put('1'), headers: as(docker), body: JSON.stringify(complete), code: 'MANIFEST_INVALID' },
  { title: 'a manifest nested a thousand deep', send: put('1'), headers: as(oci), body: '['.repeat(1_000) + ']'.repeat(1_000), code: 'MANIFEST_INVALID' },
  { title: 'a manifest of six megabytes', send: put('1'), headers: as(oci), body: JSON.stringify({ ...complete, annotations: { x: 'x'.repeat(6e6) } }), code: 'MANIFEST_INVALID|SIZE_INVALID' },
  { title: 'a manifest of an unknown type', send: put('1'), headers: as('text/plain'), body: '{}', code: 'MANIFEST_INVALID|UNSUPPORTED' },
  { title: 'a manifest whose blobs were not pushed', send: put('1'), headers: as(oci), body: JSON.stringify(complete), code: 'MANIFEST_BLOB_UNKNOWN' },
  { title: 'a manifest under the digest of another', send: put(digest), headers: as(oci), body: JSON.stringify(complete), code: 'DIGEST_INVALID' },
  { title: 'a tag that begins with a dot', send: put('.hidden'), headers: as(oci), body: JSON.stringify(complete), code: 'TAG_INVALID|MANIFEST_INVALID' },
  { title: 'a tag of two hundred characters', send: put('a'.repeat(200)), headers: as(oci), body: JSON.stringify(complete), code: 'TAG_INVALID|MANIFEST_INVALID' },
  { title: 'a reference with a malformed digest', send: put('sha256:abc'), headers: as(oci), body: JSON.stringify(complete), code: 'DIGEST_INVALID|TAG_INVALID' },
  { title: 'a repository in capitals', send: ['GET', '/v2/Admin/App/manifests/1'], code: 'NAME_INVALID' },
  { title: 'a repository that climbs', send: ['GET', '/v2/admin/../../etc/passwd/manifests/1'], code: 'NAME_INVALID' },
  { title: 'a repository that climbs, encoded', send: ['GET', '/v2/admin/%2e%2e/%2e%2e/etc/manifests/1'], code: 'NAME_INVALID' },
  { title: 'a path with a broken escape', send: ['GET', '/v2/admin/%zz/manifests/1'], code: 'NAME_INVALID|UNSUPPORTED|NAME_UNKNOWN|MANIFEST_UNKNOWN' },
  { title: 'a path with a NUL', send: ['GET', '/v2/admin/a%00b/manifests/1'], code: 'NAME_INVALID' },
  { title: 'a blob with a malformed digest', send: ['GET', '/v2/admin/app/blobs/sha256:xyz'], code: 'DIGEST_INVALID' },
  { title: 'a blob by an unknown hash', send: ['GET', `/v2/admin/app/blobs/md5:${'0'.repeat(32)}`], code: 'DIGEST_INVALID' },
  { title: 'an upload that is not open', send: ['PATCH', '/v2/admin/app/blobs/uploads/00000000-0000-4000-8000-000000000000'], body: 'x', code: 'BLOB_UPLOAD_UNKNOWN' },
  { title: 'an upload whose id climbs', send: ['PATCH', '/v2/admin/app/blobs/uploads/..%2f..%2fstore.sqlite'], body: 'x', code: 'BLOB_UPLOAD_UNKNOWN|BLOB_UPLOAD_INVALID|NAME_INVALID|UNSUPPORTED' },
  { title: 'an upload in one piece with another digest', send: ['POST', `/v2/admin/app/blobs/uploads/?digest=${digest}`], headers: as('application/octet-stream'), body: 'x', code: 'DIGEST_INVALID' },
  { title: 'a page of minus one tags', send: ['GET', '/v2/admin/app/tags/list?n=-1'], code: 'PAGINATION_NUMBER_INVALID|UNSUPPORTED' },
  { title: 'a page of many tags', send: ['GET', '/v2/admin/app/tags/list?n=many'], code: 'PAGINATION_NUMBER_INVALID|UNSUPPORTED' },
  { title: 'a method that is none here', send: ['PATCH', '/v2/admin/app/manifests/1'], code: 'UNSUPPORTED' },
];

const multipart = as('multipart/form-data; boundary=b');
const part = (disposition: string, content: string) =>
  `--b\r\nContent-Disposition: ${disposition}\r\n\r\n${content}\r\n--b--\r\n`;
const file = (role: string, content: string) =>
  part(`form-data; name="files"; filename="${role}"`, content);

/** `HOST` stands for the store's own name, as in every GUN. */
// biome-ignore format: a table
const toTrustServer: readonly Bad[] = [
  { title: 'an upload that is no multipart', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: as('application/json'), body: '{}', code: 'MALFORMED_UPLOAD' },
  { title: 'a multipart body without its end', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: file('root', '{}').slice(0, -9), code: 'MALFORMED_UPLOAD' },
  { title: 'a multipart body of another boundary', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: as('multipart/form-data; boundary=c'), body: file('root', '{}'), code: 'MALFORMED_UPLOAD' },
  { title: 'a multipart body without a boundary', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: as('multipart/form-data'), body: file('root', '{}'), code: 'MALFORMED_UPLOAD' },
  { title: 'a part without a file name', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: part('form-data; name="files"', '{}'), code: 'NO_FILENAME' },
  { title: 'a role that is none', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: file('mirrors', '{}'), code: 'INVALID_ROLE' },
  { title: 'a role that climbs', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: file('targets/../root', '{}'), code: 'INVALID_ROLE' },
  { title: 'metadata that is not JSON', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: file('root', 'no json'), code: 'MALFORMED_JSON' },
  { title: 'metadata without a signature', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: file('root', '{"signed":{"_type":"Root","version":1},"signatures":[]}'), code: 'INVALID_UPDATE' },
  { title: 'targets without a root', send: ['POST', '/v2/HOST/admin/app/_trust/tuf/'], headers: multipart, body: file('targets', '{"signed":{"_type":"Targets","delegations":{"keys":{},"roles":[]},"expires":"2040-01-01T00:00:00Z","targets":{},"version":1},"signatures":[]}'), code: 'INVALID_UPDATE' },
  { title: 'a checksum in capitals', send: ['GET', `/v2/HOST/admin/app/_trust/tuf/targets.${'A'.repeat(64)}.json`], code: 'METADATA_NOT_FOUND' },
  { title: 'metadata of a name that is none', send: ['GET', '/v2/HOST/Admin//app/_trust/tuf/root.json'], code: 'METADATA_NOT_FOUND|INVALID_GUN|UNAUTHORIZED' },
  { title: 'the changes since a word', send: ['GET', '/v2/HOST/admin/app/_trust/changefeed?records=all'], code: 'INVALID_PARAMETERS' },
  { title: 'the changes without a number', send: ['GET', '/v2/HOST/admin/app/_trust/changefeed'], code: 'INVALID_PARAMETERS' },
];

const basic = (text: string) => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
});
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"admin"}').toString('base64url')}.`;
const form = as('application/x-www-form-urlencoded');

// biome-ignore format: a table
const withTokens: readonly Bad[] = [
  { title: 'a token that is none', send: ['GET', '/v2/'], headers: bearer('no-token'), status: 401, code: 'UNAUTHORIZED' },
  { title: 'a token that nobody signed', send: ['GET', '/v2/'], headers: bearer(none), status: 401, code: 'UNAUTHORIZED' },
  { title: 'a token of ten thousand characters', send: ['GET', '/v2/'], headers: bearer('x'.repeat(10_000)), status: 401, code: 'UNAUTHORIZED' },
  { title: 'a password where a token belongs', send: ['GET', '/v2/'], headers: basic(`${admin.name}:${admin.password}`), status: 401, code: 'UNAUTHORIZED' },
  { title: 'a wrong password at the token endpoint', send: ['GET', '/token?scope=repository:admin/app:pull'], headers: basic('admin:wrong'), status: 401, code: 'UNAUTHORIZED' },
  { title: 'credentials without a colon', send: ['GET', '/token'], headers: basic('admin'), status: 401, code: 'UNAUTHORIZED' },
  { title: 'a scope that is none', send: ['GET', '/token?scope=everything'], code: 'UNSUPPORTED' },
  { title: 'a token for another service', send: ['GET', '/token?service=elsewhere'], code: 'UNSUPPORTED' },
  { title: 'a grant that is none', send: ['POST', '/token'], headers: form, body: 'grant_type=magic', code: 'UNSUPPORTED' },
  { title: 'a form that is none', send: ['POST', '/token'], headers: as('application/json'), body: '{}', code: 'UNSUPPORTED' },
];

const asAdmin = basic(`${admin.name}:${admin.password}`);
const json = { ...asAdmin, ...as('application/json') };

// biome-ignore format: a table
const toOurApi: readonly Bad[] = [
  { title: 'a body that is not JSON', send: ['POST', '/api/v1/users'], headers: json, body: '{', code: 'JSON_INVALID' },
  { title: 'a body of the wrong shape', send: ['POST', '/api/v1/users'], headers: json, body: '{"name":1}', code: 'API_REQUEST_INVALID' },
  { title: 'a body of another type', send: ['POST', '/api/v1/users'], headers: { ...asAdmin, ...as('text/xml') }, body: '<x/>', code: 'API_MEDIA_TYPE' },
  { title: 'a body of a hundred kilobytes', send: ['POST', '/api/v1/users'], headers: json, body: JSON.stringify({ name: 'x'.repeat(1e5) }), code: 'API_TOO_LARGE' },
  { title: 'a user name that is none', send: ['POST', '/api/v1/users'], headers: json, body: JSON.stringify({ name: '../x', role: 'producer', namespaces: [], password: 'long enough for anybody' }), code: 'AUTH_USER_NAME_INVALID' },
  { title: 'a candidate that is none', send: ['GET', '/api/v1/candidates/nobody'], headers: asAdmin, code: 'CHAIN_CANDIDATE_UNKNOWN|API_REQUEST_INVALID' },
  { title: 'a decision on a candidate that is none', send: ['POST', '/api/v1/candidates/0123456789abcdef/approve'], headers: json, body: '{"reason":"x"}', code: 'CHAIN_CANDIDATE_UNKNOWN' },
  { title: 'a state that is none', send: ['GET', '/api/v1/candidates?state=happy'], headers: asAdmin, code: 'API_REQUEST_INVALID' },
  { title: 'a path that is none', send: ['GET', '/api/v1/nothing'], headers: asAdmin, code: 'API_PATH_UNKNOWN' },
  { title: 'nobody in particular', send: ['GET', '/api/v1/users'], status: 401, code: 'AUTH_REQUIRED' },
];

let server: ServerProcess;
let asker: RegistryUser;
before(async () => {
  server = await ServerProcess.start();
  asker = new RegistryUser(server.url, admin);
});
after(async () => {
  asker[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

type Read = (answer: WireAnswer) => string;
const groups: readonly [string, readonly Bad[], Read, signsIn: boolean][] = [
  ['the registry', toRegistry, registryCode, true],
  ['the trust server', toTrustServer, notaryCode, true],
  ['the token service', withTokens, registryCode, false],
  ['the API', toOurApi, problemCode, false],
];

for (const [title, table, codeOf, signsIn] of groups) {
  describe(`${title} refuses`, () => {
    for (const bad of table) {
      test(bad.title, async () => {
        const before = holdings(server);
        const answer = await ask(bad, signsIn);
        const seen = `${answer.status} ${answer.body}`;
        assert.ok(answer.status >= 400 && answer.status < 500, seen);
        if (bad.status !== undefined) assert.equal(answer.status, bad.status, seen);
        assert.match(codeOf(answer), new RegExp(`^(${bad.code})$`), seen);
        assert.deepEqual(holdings(server), before);
      });
    }
  });
}

describe('an upload under way', () => {
  test('refuses a chunk out of order, a malformed range and a wrong digest, and can go on', async () => {
    const opened = await asker.request('POST', '/v2/admin/app/blobs/uploads/');
    assert.equal(opened.status, 202);
    const { pathname, search } = new URL(opened.headers.location ?? '', server.url);
    const token = await asker.token('repository:admin/app:pull,push');
    const path = `${pathname}${search}`;
    const chunk = (range: string) =>
      asker.request('PATCH', path, { token, body: 'abc', headers: { 'content-range': range } });

    const late = await chunk('5-7');
    assert.equal(late.status, 416, String(late.body));
    for (const range of ['nonsense', '2-0', '0-1', '-3']) {
      const refused = await chunk(range);
      assert.ok(refused.status >= 400 && refused.status < 500, `${range}: ${refused.status}`);
      assert.match(registryCode(refused), /^(BLOB_UPLOAD_INVALID|RANGE_INVALID|SIZE_INVALID)$/);
    }
    assert.equal((await chunk('0-2')).status, 202);
    const gone = await asker.request('DELETE', path, { token });
    assert.equal(gone.status, 204, String(gone.body));
    assert.equal((await asker.request('GET', path, { token })).status, 404);
    assert.deepEqual(holdings(server).files, []);
  });

  test('is given up when its bytes have another digest', async () => {
    const opened = await asker.request('POST', '/v2/admin/app/blobs/uploads/');
    const { pathname, search } = new URL(opened.headers.location ?? '', server.url);
    const path = `${pathname}${search}${search ? '&' : '?'}digest=${digest}`;
    const answer = await asker.request('PUT', path, { body: 'other bytes' });
    assert.equal(answer.status, 400, String(answer.body));
    assert.equal(registryCode(answer), 'DIGEST_INVALID');
    await asker.request('DELETE', `${pathname}${search}`);
    assert.deepEqual(holdings(server).files, []);
  });
});

test('a range beyond the end of a blob is a 416, and a malformed one is as none', async () => {
  const pushed = await asker.pushBlob('admin/app', Buffer.from('0123456789'), 'text/plain');
  const path = `/v2/admin/app/blobs/${pushed.digest}`;
  const get = (range: string) => asker.request('GET', path, { headers: { range } });
  const part = await get('bytes=2-4');
  assert.deepEqual([part.status, String(part.body)], [206, '234']);
  assert.equal(part.headers['content-range'], 'bytes 2-4/10');
  const beyond = await get('bytes=10-20');
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */10']);
  for (const range of ['bytes=9-2', 'bytes=a-b', 'lines=1-2', 'bytes=']) {
    const whole = await get(range);
    assert.ok([200, 416].includes(whole.status), `${range}: ${whole.status}`);
  }
});

async function ask({ send, headers, body }: Bad, signsIn: boolean): Promise<WireAnswer> {
  const [method, path] = send;
  const options = {
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  };
  const here = path.replace('HOST', server.host);
  return signsIn
    ? await asker.request(method, here, options)
    : await wireRequest(`${server.url}${here}`, { method, ...options });
}

/** @see OCI distribution-spec 1.1, "Error codes" */
function registryCode(answer: WireAnswer): string {
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
  const { errors } = JSON.parse(String(answer.body)) as { errors: Record<string, unknown>[] };
  assert.equal(errors.length, 1);
  assert.equal(typeof errors[0]?.message, 'string');
  return String(errors[0]?.code);
}

/** Notary's clients read an error only when all of it fits into 1024 bytes. */
function notaryCode(answer: WireAnswer): string {
  assert.ok(answer.body.length <= 1_024, `${answer.body.length} bytes`);
  return registryCode(answer);
}

/** @see RFC 9457, with our code as a member */
function problemCode(answer: WireAnswer): string {
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
  const problem = JSON.parse(String(answer.body)) as Record<string, unknown>;
  assert.equal(problem.status, answer.status);
  assert.equal(typeof problem.title, 'string');
  return String(problem.code);
}
