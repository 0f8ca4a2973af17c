import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import type { WireAnswer, WireOptions } from '../support/wire-request.ts';
import {
  base,
  dockerImage,
  image,
  index,
  json,
  layer,
  manifest,
  missing,
  of,
  pathOf,
  platform,
  type Side,
} from './registry-sides.ts';

/*
 * What docker-registry and we are asked, good, odd and hostile. Every row has a repository of its own,
 * `NAME` in a path; `BASE` is one that holds images already and that no row changes, `UPLOAD` an
 * upload that was begun in NAME, `BLOB` and `IMAGE` what BASE holds.
 */

/** One line of the table. */
export interface RegistryRequest {
  readonly name: string;
  readonly ask: (side: Side, name: string) => Promise<WireAnswer>;
}

const rows: RegistryRequest[] = [];
const accepts = Object.values(mediaTypes).join(', ');

/** A row that asks what its name says: `METHOD PATH`, and the headers. */
function ask(line: string, options: WireOptions = {}, note = ''): void {
  const [method = '', path = ''] = line.split(' ');
  const told = Object.entries(options.headers ?? {}).map(([key, value]) =>
    value === accepts ? 'accepting all' : `${key}: ${value}`,
  );
  rows.push({
    name: [line, ...told, note].filter((part) => part !== '').join(' | '),
    ask: async (side, name) => {
      const upload = path.includes('UPLOAD') ? await side.begin(name) : '';
      const asked = path
        .replace('/v2/NAME/blobs/uploads/UPLOAD&', `${upload}${upload.includes('?') ? '&' : '?'}`)
        .replace('/v2/NAME/blobs/uploads/UPLOAD', upload)
        .replace('NAME', name)
        .replace('BASE', base)
        .replace('BLOB', digestOf(layer))
        .replace('IMAGE', digestOf(image))
        .replace('MISSING', missing);
      return side.send(method, asked, options);
    },
  });
}

/** A row that does something first. */
function after(
  name: string,
  ask: (side: Side, name: string) => Promise<WireAnswer>,
  fills = true,
): void {
  rows.push({
    name,
    ask: async (side, repository) => {
      if (fills) await side.fill(repository);
      return ask(side, repository);
    },
  });
}

// The root.
for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'PUT']) ask(`${method} /v2/`);
for (const path of ['/v2', '/v2/x', '/v2/a/b', '/v2/a/blobs/', '/v2/a/manifests/', '/v2/a/tags/'])
  ask(`GET ${path}`);
for (const path of ['/v2/a/tags/list/', '/v2/_catalog/x', '/v2/a/blobs/uploads/x/y'])
  ask(`GET ${path}`);

// Names.
for (const name of [
  'UPPER',
  'a/UPPER',
  '-a',
  'a-',
  '.a',
  'a..b',
  'a.b',
  'a_b',
  'a__b',
  'a___b',
  'a--b',
  'a/-b',
  'a/b/c/d/e/f',
  'a%20b',
  '%C3%A4',
  'a%2Fb',
  'a%00',
  'a%0d%0ax',
  'a'.repeat(255),
  'a'.repeat(256),
  `${'a/'.repeat(127)}a`,
])
  ask(`GET /v2/${name}/tags/list`);
for (const name of ['UPPER', 'a..b', '-a']) {
  ask(`POST /v2/${name}/blobs/uploads/`);
  ask(`GET /v2/${name}/manifests/v1`);
  ask(`HEAD /v2/${name}/blobs/${missing}`);
}

// Tags.
ask('GET /v2/BASE/tags/list');
ask('HEAD /v2/BASE/tags/list');
for (const query of [
  'n=2',
  'n=0',
  'n=-1',
  'n=x',
  'n=2&last=_x',
  'last=docker',
  'last=zzz',
  'n=100000',
  'n=',
])
  ask(`GET /v2/BASE/tags/list?${query}`);
ask('GET /v2/NAME/tags/list');
for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) ask(`${method} /v2/BASE/tags/list`);

// The catalog.
for (const query of ['', '?n=1', '?n=0', '?n=x', '?n=-1', '?last=acme/base', '?n=1&last=zzz'])
  ask(`GET /v2/_catalog${query}`);
ask('POST /v2/_catalog');

// Manifests that are read.
for (const method of ['GET', 'HEAD']) {
  for (const reference of ['v1', 'IMAGE', 'docker', 'all', 'list'])
    ask(`${method} /v2/BASE/manifests/${reference}`, { headers: { accept: accepts } });
  for (const reference of ['missing', 'MISSING', 'sha256:x', '.hidden', 'a'.repeat(129)])
    ask(`${method} /v2/BASE/manifests/${reference}`, { headers: { accept: accepts } });
  ask(`${method} /v2/NAME/manifests/v1`, { headers: { accept: accepts } });
}
for (const [reference, accept] of [
  ['docker', mediaTypes.dockerManifest],
  ['docker', '*/*'],
  ['docker', 'text/html'],
  ['v1', mediaTypes.ociManifest],
  ['v1', '*/*'],
  ['v1', mediaTypes.dockerManifest],
  ['all', mediaTypes.ociManifest],
  ['list', mediaTypes.dockerManifest],
] as const)
  ask(`GET /v2/BASE/manifests/${reference}`, { headers: { accept } });
ask('GET /v2/BASE/manifests/v1', {}, 'without Accept');
ask('GET /v2/BASE/manifests/docker', {}, 'without Accept');
for (const tag of [
  `"${digestOf(image)}"`,
  `W/"${digestOf(image)}"`,
  `"${missing}"`,
  '*',
  digestOf(image),
])
  ask('GET /v2/BASE/manifests/v1', { headers: { accept: accepts, 'if-none-match': tag } });
ask(`GET /v2/BASE/manifests/sha512:${'0'.repeat(128)}`, { headers: { accept: accepts } });
ask(`GET /v2/BASE/manifests/sha384:${'0'.repeat(96)}`, { headers: { accept: accepts } });
ask(`GET /v2/BASE/manifests/${digestOf(image).toUpperCase()}`, { headers: { accept: accepts } });
for (const method of ['POST', 'PATCH']) ask(`${method} /v2/BASE/manifests/v1`);

// Manifests that are pushed.
const pushes: [what: string, reference: string, bytes: Uint8Array | string, type?: string][] = [
  ['an image', 'new', image, mediaTypes.ociManifest],
  ['an image under a tag that is there', 'v1', image, mediaTypes.ociManifest],
  ['an image by digest', digestOf(image), image, mediaTypes.ociManifest],
  ['a docker image', 'new', dockerImage, mediaTypes.dockerManifest],
  ['an index', 'new', index, mediaTypes.ociIndex],
  ['an image whose type has a parameter', 'new', image, `${mediaTypes.ociManifest}; charset=utf-8`],
  ['an image under another digest', missing, image, mediaTypes.ociManifest],
  ['an image under a digest that is none', 'sha256:x', image, mediaTypes.ociManifest],
  ['an image under a name that is no tag', '.hidden', image, mediaTypes.ociManifest],
  ['an image under a tag that is too long', 'a'.repeat(129), image, mediaTypes.ociManifest],
  ['an image without a type', 'new', image],
  ['an image as an index', 'new', image, mediaTypes.ociIndex],
  ['an image as docker calls it', 'new', image, mediaTypes.dockerManifest],
  ['an image as text', 'new', image, 'text/plain'],
  ['nothing', 'new', '', mediaTypes.ociManifest],
  ['no JSON', 'new', '{', mediaTypes.ociManifest],
  ['an array', 'new', '[]', mediaTypes.ociManifest],
  ['an empty object', 'new', '{}', mediaTypes.ociManifest],
  [
    'schema 1',
    'new',
    '{"schemaVersion":1,"name":"a","tag":"b"}',
    'application/vnd.docker.distribution.manifest.v1+json',
  ],
  [
    'an image without its layer',
    'new',
    json({ ...manifest, layers: [{ ...manifest.layers[0], digest: missing }] }),
    mediaTypes.ociManifest,
  ],
  [
    'an image without its config',
    'new',
    json({ ...manifest, config: { ...manifest.config, digest: missing } }),
    mediaTypes.ociManifest,
  ],
  [
    'an image that lies about a size',
    'new',
    json({ ...manifest, layers: [{ ...manifest.layers[0], size: 1 }] }),
    mediaTypes.ociManifest,
  ],
  [
    'an image that is also an index',
    'new',
    json({ ...manifest, manifests: [] }),
    mediaTypes.ociManifest,
  ],
  [
    'an image with a member twice',
    'new',
    utf8(new TextDecoder().decode(image).replace('{', '{"schemaVersion":2,')),
    mediaTypes.ociManifest,
  ],
  [
    'an image about another',
    'new',
    json({ ...manifest, subject: of(image, mediaTypes.ociManifest) }),
    mediaTypes.ociManifest,
  ],
  [
    'an index without its child',
    'new',
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ mediaType: mediaTypes.ociManifest, digest: missing, size: 3, platform }],
    }),
    mediaTypes.ociIndex,
  ],
  [
    'a docker list without its child',
    'new',
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerList,
      manifests: [{ mediaType: mediaTypes.dockerManifest, digest: missing, size: 3, platform }],
    }),
    mediaTypes.dockerList,
  ],
  [
    'five MiB',
    'new',
    json({ ...manifest, annotations: { x: 'x'.repeat(5 * 1024 * 1024) } }),
    mediaTypes.ociManifest,
  ],
];
for (const [what, reference, bytes, type] of pushes)
  after(`PUT manifest: ${what}`, (side, name) => side.put(name, reference, bytes, type));

// What is deleted.
for (const [what, reference] of [
  ['a tag', 'v1'],
  ['a tag that is not there', 'missing'],
  ['an image', digestOf(image)],
  ['an image that is not there', missing],
  ['a digest that is none', 'sha256:x'],
] as const)
  after(`DELETE manifest: ${what}`, (side, name) =>
    side.send('DELETE', `/v2/${name}/manifests/${reference}`),
  );
after('DELETE manifest: and it is gone', async (side, name) => {
  await side.send('DELETE', `/v2/${name}/manifests/${digestOf(image)}`);
  const headers = { accept: accepts };
  return side.send('GET', `/v2/${name}/manifests/${digestOf(image)}`, { headers });
});
const free = utf8('a layer that nobody needs');
after('DELETE blob: one that nobody needs', async (side, name) => {
  await side.pushBlob(name, free);
  return side.send('DELETE', `/v2/${name}/blobs/${digestOf(free)}`);
});
after('DELETE blob: and it is gone', async (side, name) => {
  await side.pushBlob(name, free);
  await side.send('DELETE', `/v2/${name}/blobs/${digestOf(free)}`);
  return side.send('GET', `/v2/${name}/blobs/${digestOf(free)}`);
});
after('DELETE blob: one of an image', (side, name) =>
  side.send('DELETE', `/v2/${name}/blobs/${digestOf(layer)}`),
);
ask('DELETE /v2/BASE/blobs/MISSING');
ask('DELETE /v2/BASE/blobs/sha256:x');

// Blobs that are read.
for (const method of ['GET', 'HEAD']) {
  ask(`${method} /v2/BASE/blobs/BLOB`);
  ask(`${method} /v2/BASE/blobs/MISSING`);
  ask(`${method} /v2/NAME/blobs/BLOB`, {}, 'of another repository');
  ask(`${method} /v2/BASE/blobs/sha256:x`);
}
for (const range of [
  'bytes=0-3',
  'bytes=4-',
  'bytes=-4',
  'bytes=0-999',
  'bytes=19-19',
  'bytes=20-',
  'bytes=999-',
  'bytes=5-1',
  'bytes=-0',
  'bytes=-',
  'bytes=x',
  'bytes=0-1,4-5',
  'lines=0-1',
  'bytes=0-0',
])
  ask('GET /v2/BASE/blobs/BLOB', { headers: { range } });
ask('HEAD /v2/BASE/blobs/BLOB', { headers: { range: 'bytes=0-3' } });
for (const tag of [`"${digestOf(layer)}"`, `"${missing}"`, '*'])
  ask('GET /v2/BASE/blobs/BLOB', { headers: { 'if-none-match': tag } });
for (const method of ['POST', 'PUT', 'PATCH']) ask(`${method} /v2/BASE/blobs/BLOB`);

// Uploads.
const bytes = utf8('some bytes');
const digest = digestOf(bytes);
ask('POST /v2/NAME/blobs/uploads/');
ask('POST /v2/NAME/blobs/uploads');
ask('GET /v2/NAME/blobs/uploads/');
ask(`POST /v2/NAME/blobs/uploads/?digest=${digest}`, { body: bytes });
ask('POST /v2/NAME/blobs/uploads/?digest=sha256:x', { body: bytes });
ask('POST /v2/NAME/blobs/uploads/?mount=BLOB&from=acme/base');
ask('POST /v2/NAME/blobs/uploads/?mount=MISSING&from=acme/base');
ask('POST /v2/NAME/blobs/uploads/?mount=BLOB&from=acme/nobody');
ask('POST /v2/NAME/blobs/uploads/?mount=BLOB&from=UPPER');
ask('POST /v2/NAME/blobs/uploads/?mount=x&from=acme/base');
ask('POST /v2/NAME/blobs/uploads/?mount=BLOB');
for (const method of ['GET', 'HEAD', 'DELETE']) ask(`${method} /v2/NAME/blobs/uploads/UPLOAD`);
ask('PATCH /v2/NAME/blobs/uploads/UPLOAD', { body: bytes });
ask('PATCH /v2/NAME/blobs/uploads/UPLOAD', { body: '' }, 'of nothing');
ask('POST /v2/NAME/blobs/uploads/UPLOAD', { body: bytes });
for (const range of ['0-9', 'bytes 0-9', '5-14', '0-5', 'x', '9-0', '0-'])
  ask('PATCH /v2/NAME/blobs/uploads/UPLOAD', { body: bytes, headers: { 'content-range': range } });
ask(`PUT /v2/NAME/blobs/uploads/UPLOAD&digest=${digest}`, { body: bytes });
ask(`PUT /v2/NAME/blobs/uploads/UPLOAD&digest=${missing}`, { body: bytes });
ask('PUT /v2/NAME/blobs/uploads/UPLOAD&digest=sha256:x', { body: bytes });
ask(`PUT /v2/NAME/blobs/uploads/UPLOAD&digest=md5:${'0'.repeat(32)}`, { body: bytes });
ask('PUT /v2/NAME/blobs/uploads/UPLOAD', { body: bytes });
ask(`PUT /v2/NAME/blobs/uploads/UPLOAD&digest=${digestOf(new Uint8Array())}`, {}, 'of nothing');
const unknown = '00000000-0000-4000-8000-000000000000';
for (const method of ['GET', 'PATCH', 'DELETE']) ask(`${method} /v2/NAME/blobs/uploads/${unknown}`);
ask(`PUT /v2/NAME/blobs/uploads/${unknown}?digest=${digest}`, { body: bytes });
ask('GET /v2/NAME/blobs/uploads/..%2f..%2fx');
const patched = async (side: Side, name: string, digests?: Digest) => {
  const { headers } = await side.send('PATCH', await side.begin(name), { body: bytes });
  const path = pathOf(headers.location);
  return digests === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}digest=${digests}`;
};
after(
  'an upload after a PATCH has a status',
  async (side, name) => side.send('GET', await patched(side, name)),
  false,
);
after(
  'an upload is patched twice',
  async (side, name) =>
    side.send('PATCH', await patched(side, name), {
      body: bytes,
      headers: { 'content-range': '10-19' },
    }),
  false,
);
after(
  'an upload is patched twice, without a range',
  async (side, name) => side.send('PATCH', await patched(side, name), { body: bytes }),
  false,
);
after(
  'an upload is patched where it was',
  async (side, name) =>
    side.send('PATCH', await patched(side, name), {
      body: bytes,
      headers: { 'content-range': '0-9' },
    }),
  false,
);
after(
  'an upload is finished after a PATCH',
  async (side, name) => side.send('PUT', await patched(side, name, digest)),
  false,
);
after(
  'an upload is finished as another',
  async (side, name) => side.send('PUT', await patched(side, name, missing)),
  false,
);
after(
  'an upload is asked for after its end',
  async (side, name) => {
    const path = await patched(side, name, digest);
    await side.send('PUT', path);
    return side.send('GET', path);
  },
  false,
);
after(
  'a blob is there after its upload',
  async (side, name) => {
    await side.send('PUT', await patched(side, name, digest));
    return side.send('GET', `/v2/${name}/blobs/${digest}`);
  },
  false,
);
after(
  'an upload of another repository',
  async (side, name) => {
    const path = await side.begin(`${name}-other`);
    return side.send('GET', path.replace(`${name}-other`, name));
  },
  false,
);
after(
  'an upload that was cancelled',
  async (side, name) => {
    const path = await side.begin(name);
    await side.send('DELETE', path);
    return side.send('PATCH', path, { body: bytes });
  },
  false,
);

// Referrers.
ask('GET /v2/BASE/referrers/IMAGE');
ask('GET /v2/BASE/referrers/sha256:x');

export const registryRequests: readonly RegistryRequest[] = rows;
