import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import {
  ImageBuilder,
  layerOf,
  type TestImage,
  type TestLayer,
} from '../../../test/support/image-builder.ts';
import { runs } from '../../../test/support/property-runs.ts';
import { pax, type TarFields, tarOf } from '../../../test/support/tar-writer.ts';
import { layerOpener } from '../../adapters/scanners/index.ts';
import { digestOf, isStoreError, utf8 } from '../../base/index.ts';
import { type Advisory, makeFinding, parseAdvisory, versionOrderOf } from '../../findings/index.ts';
import { parseRepositoryName, parseTag } from '../../oci/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { parseStagingRepository } from '../zones.ts';
import { defaultPolicy, type ReviewPolicy } from './policy.ts';
import type { Advisories } from './ports.ts';
import { type ImageReview, review } from './review.ts';

const now = new Date('2026-11-20T12:00:00Z');

/** An image with which nothing is wrong, but that nobody knows its packages. */
const sound = {
  config: {
    User: '1000',
    Healthcheck: { Test: ['CMD', '/app', 'health'] },
    Labels: {
      'org.opencontainers.image.base.name': 'docker.io/library/debian:12',
      'org.opencontainers.image.base.digest': `sha256:${'a'.repeat(64)}`,
    },
  },
  layers: [[{ name: 'app', mode: 0o755, content: 'program' }]],
} satisfies TestImage;

test('an image that is built well has nothing that blocks or needs a reason', async () => {
  const found = await reviewOf(sound);
  assert.deepEqual(rulesOf(found), ['PACKAGES_NOT_FOUND']);
  assert.deepEqual([found.refusal, found.approval], [undefined, 'manual']);
  assert.ok(found.findings.every(({ blocks, needsReason }) => !blocks && !needsReason));
});

const token = `ghp_${'A1b2'.repeat(9)}`;
const awsKey = 'AKIAQWERTYUIOPASDFGH';
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA'.repeat(10)}\n-----END RSA PRIVATE KEY-----\n`;

/** One row: what is done to the sound image, and the rule that notices, at its severity. */
const hygiene: [what: string, image: TestImage, rule: string, severity: string][] = [
  ['no health check', config({ Healthcheck: null }), 'HYGIENE_NO_HEALTHCHECK', 'low'],
  [
    'a health check that is switched off',
    config({ Healthcheck: { Test: ['NONE'] } }),
    'HYGIENE_NO_HEALTHCHECK',
    'low',
  ],
  ['no user', config({ User: '' }), 'HYGIENE_ROOT_USER', 'medium'],
  ['the user root', config({ User: 'root' }), 'HYGIENE_ROOT_USER', 'medium'],
  ['the user root with a group', config({ User: 'root:app' }), 'HYGIENE_ROOT_USER', 'medium'],
  ['the user 0', config({ User: '0:1000' }), 'HYGIENE_ROOT_USER', 'medium'],
  ['the user 00', config({ User: '00' }), 'HYGIENE_ROOT_USER', 'medium'],
  [
    'a user who is root by number',
    { ...config({ User: 'toor' }), layers: [passwd('toor:x:0:0::/:/bin/sh')] },
    'HYGIENE_ROOT_USER',
    'medium',
  ],
  [
    'a user called 1000 who is root by number',
    { ...sound, layers: [passwd('1000:x:0:0::/:/bin/sh')] },
    'HYGIENE_ROOT_USER',
    'medium',
  ],
  ['a setuid program', layers([{ name: 'bin/su', mode: 0o4755 }]), 'HYGIENE_SETUID', 'low'],
  ['a setgid program', layers([{ name: 'bin/wall', mode: 0o2755 }]), 'HYGIENE_SETUID', 'low'],
  [
    'a hard link to a setuid program',
    layers([
      { name: 'bin/x', mode: 0o4755 },
      { name: 'bin/y', type: '1', link: 'bin/x' },
    ]),
    'HYGIENE_SETUID',
    'low',
  ],
  [
    'a program with capabilities',
    layers(tarLayer(tarOf(pax({ 'SCHILY.xattr.security.capability': 'x' }), { name: 'bin/ping' }))),
    'HYGIENE_CAPABILITY',
    'low',
  ],
  [
    'packages of apt',
    layers([{ name: 'var/cache/apt/archives/a_1_all.deb', content: 'x' }]),
    'HYGIENE_PACKAGE_CACHE',
    'low',
  ],
  [
    'lists of apt',
    layers([{ name: 'var/lib/apt/lists/deb.debian.org_dists', content: 'x' }]),
    'HYGIENE_PACKAGE_CACHE',
    'low',
  ],
  [
    'the cache of apk',
    layers([{ name: 'var/cache/apk/APKINDEX.1.tar.gz', content: 'x' }]),
    'HYGIENE_PACKAGE_CACHE',
    'low',
  ],
  [
    'the cache of npm',
    layers([{ name: 'root/.npm/_cacache/index-v5/a', content: 'x' }]),
    'HYGIENE_PACKAGE_CACHE',
    'low',
  ],
  [
    'the cache of pip',
    layers([{ name: 'root/.cache/pip/http/a', content: 'x' }]),
    'HYGIENE_PACKAGE_CACHE',
    'low',
  ],
  [
    'bytes that a later layer deletes',
    layers([{ name: 'big', content: Buffer.alloc(2 ** 21) }], [{ name: '.wh.big' }]),
    'HYGIENE_HIDDEN_BYTES',
    'low',
  ],
  ['no base image', config({ Labels: {} }), 'HYGIENE_BASE_UNNAMED', 'note'],
  [
    'a base image without digest',
    config({ Labels: { 'org.opencontainers.image.base.name': 'debian:12' } }),
    'HYGIENE_BASE_UNPINNED',
    'low',
  ],
  [
    'files below a link',
    layers([{ name: 'lib', type: '2', link: 'usr/lib' }], [{ name: 'lib/a' }]),
    'HYGIENE_PATH_THROUGH_LINK',
    'medium',
  ],
  [
    'a secret by name in the environment',
    config({ Env: ['DB_PASSWORD=hunter22'] }),
    'SECRET_IN_ENV',
    'critical',
  ],
  [
    'a secret by form in the environment',
    config({ Env: [`X=${token}`] }),
    'SECRET_IN_ENV',
    'critical',
  ],
  [
    'a secret in a label',
    config({ Labels: { ...sound.config.Labels, note: awsKey } }),
    'SECRET_IN_ENV',
    'critical',
  ],
  [
    'a secret in the command',
    { ...sound, config: { ...sound.config, Cmd: ['sh', '-c', 'curl https://me:s3cret@host/'] } },
    'SECRET_IN_ENV',
    'critical',
  ],
  [
    'a build argument',
    history('RUN |1 NPM_TOKEN=abcdefgh /bin/sh -c npm ci'),
    'SECRET_IN_HISTORY',
    'critical',
  ],
  [
    'a secret in the build history',
    history(`RUN curl -H "Authorization: ${token}" https://host`),
    'SECRET_IN_HISTORY',
    'critical',
  ],
];

for (const [what, image, rule, severity] of hygiene) {
  test(`${what} is ${rule}`, async () => {
    const found = await reviewOf(image);
    const finding = found.findings.find((one) => one.rule === rule);
    assert.equal(finding?.severity, severity, rulesOf(found).join(', '));
    const others = rulesOf(found).filter((one) => one !== rule && one !== 'PACKAGES_NOT_FOUND');
    assert.deepEqual(others, []);
    assert.deepEqual(finding?.platforms, ['linux/amd64']);
  });
}

/** One row: a configuration that looks like it and is in order. */
const innocent: [what: string, image: TestImage][] = [
  [
    'a user by name',
    {
      ...config({ User: 'app' }),
      layers: [passwd('root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh')],
    },
  ],
  [
    'a base pinned by its name',
    config({ Labels: { 'org.opencontainers.image.base.name': `debian@sha256:${'b'.repeat(64)}` } }),
  ],
  [
    'a base named in an annotation',
    { ...config({ Labels: {} }), annotations: sound.config.Labels },
  ],
  [
    'a secret that is a file',
    config({
      Env: [
        'DB_PASSWORD_FILE=/run/secrets/db',
        'DB_PASSWORD=/run/secrets/db',
        'TOKEN=$TOKEN',
        'TOKEN_TTL=3600',
        'API_TOKEN=3600',
      ],
    }),
  ],
  [
    'a public key in the environment',
    config({ Env: ['GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D'] }),
  ],
  [
    'an example key of the documentation',
    layers([{ name: 'README', content: 'AKIAIOSFODNN7EXAMPLE' }]),
  ],
  [
    'a program that knows how keys begin',
    layers([
      {
        name: 'bin/ssh',
        content: '-----BEGIN OPENSSH PRIVATE KEY-----\0-----END OPENSSH PRIVATE KEY-----\0',
      },
    ]),
  ],
  [
    'an npmrc that takes its token from outside',
    layers([{ name: 'root/.npmrc', content: `//registry.npmjs.org/:_authToken=\${NPM_TOKEN}\n` }]),
  ],
  [
    'a docker configuration without credentials',
    layers([
      {
        name: 'root/.docker/config.json',
        content: '{"auths":{"https://index.docker.io/v1/":{}},"credsStore":"desktop"}',
      },
    ]),
  ],
  [
    'a shadow file without passwords',
    layers([{ name: 'etc/shadow', content: 'root:*:19000:0:99999:7:::\n' }]),
  ],
  [
    'a certificate',
    layers([
      {
        name: 'ca.pem',
        content: `-----BEGIN CERTIFICATE-----\n${'MIIE'.repeat(60)}\n-----END CERTIFICATE-----\n`,
      },
    ]),
  ],
  ['a setuid bit on a directory', layers([{ name: 'var/mail/', type: '5', mode: 0o6755 }])],
  [
    'a setuid program that a later layer deletes',
    layers([{ name: 'su', mode: 0o4755 }], [{ name: '.wh.su' }]),
  ],
];

for (const [what, image] of innocent) {
  test(`${what} is no finding`, async () => {
    assert.deepEqual(rulesOf(await reviewOf(image)), ['PACKAGES_NOT_FOUND']);
  });
}

/** One row: a file with a secret in it, what kind it is called, and the value nobody may print. */
const secrets: [path: string, content: string, kind: string, value: string][] = [
  ['id_rsa', pem, 'private key', 'MIIEpAIBAAKCAQEA'],
  ['key.pem', pem.replace('RSA ', ''), 'private key', 'MIIEpAIBAAKCAQEA'],
  [
    'key.gpg',
    `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n${'lQdGBFy'.repeat(30)}`,
    'private key',
    'lQdGBFy',
  ],
  ['sa.json', JSON.stringify({ private_key: pem }), 'private key', 'MIIEpAIBAAKCAQEA'],
  ['deep.txt', `${'x'.repeat(300_000)}\n${pem}`, 'private key', 'MIIEpAIBAAKCAQEA'],
  ['config.py', `key = "${awsKey}"`, 'AWS access key', awsKey],
  ['a.sh', `export T=${token}\n`, 'GitHub token', token],
  ['b.sh', `T=glpat-${'x1'.repeat(10)}`, 'GitLab token', 'x1x1x1'],
  ['c.sh', `//r/:_authToken=npm_${'z9Y8'.repeat(9)}`, 'npm token', 'z9Y8z9Y8'],
  ['app/.npmrc', '//registry.npmjs.org/:_authToken=0123-abcd\n', 'npm credentials', '0123-abcd'],
  [
    'root/.docker/config.json',
    '{"auths":{"r":{"auth":"dXNlcjpwYXNz"}}}',
    'registry credentials',
    'dXNlcjpwYXNz',
  ],
  [
    'root/.aws/credentials',
    '[default]\naws_secret_access_key = abc/def+ghi',
    'AWS credentials',
    'abc/def+ghi',
  ],
  ['root/.netrc', 'machine h login me password s3cr3t', 'netrc password', 's3cr3t'],
  ['root/.git-credentials', 'https://me:s3cr3t@github.com', 'Git credentials', 's3cr3t'],
  [
    'root/.kube/config',
    'users:\n- user:\n    client-key-data: TFMwdExT',
    'Kubernetes credentials',
    'TFMwdExT',
  ],
  ['root/.pypirc', '[pypi]\npassword = s3cr3t', 'PyPI credentials', 's3cr3t'],
  ['root/.pgpass', 'db:5432:*:me:s3cr3t', 'PostgreSQL password', 's3cr3t'],
  ['etc/shadow', 'root:$6$salt$hash:19000::::::', 'password hash', 'salt$hash'],
];

for (const [path, content, kind, value] of secrets) {
  test(`a ${kind} in ${path} blocks, also when a later layer deletes it, and is never printed`, async () => {
    const hidden = path.includes('/') ? path.replace(/[^/]*$/, '.wh.$&') : `.wh.${path}`;
    const found = await reviewOf(layers([{ name: path, content }], [{ name: hidden }]));
    const finding = found.findings.find(
      ({ rule, detail }) => rule === 'SECRET_IN_LAYER' && detail.startsWith(kind),
    );
    assert.ok(finding?.blocks, rulesOf(found).join(', '));
    assert.ok(finding.detail.includes(`/${path}`));
    assert.equal(found.refusal?.code, 'REVIEW_SECRET');
    assert.ok(!JSON.stringify(found).includes(value), 'the value is printed');
  });
}

test('a finding of a secret says in which line it is', async () => {
  const found = await reviewOf(layers([{ name: 'a', content: `1\n2\nT=${token}\n` }]));
  assert.match(found.findings[0]?.detail ?? '', /^GitHub token in \/a, line 3, layer sha256:/);
});

test('a key in the test files of a dependency needs a reason', async () => {
  const found = await reviewOf(
    layers([{ name: 'app/node_modules/tls/test/fixtures/key.pem', content: pem }]),
  );
  assert.deepEqual(found.findings.map(({ rule, needsReason }) => [rule, needsReason])[0], [
    'SECRET_IN_TEST_DATA',
    true,
  ]);
});

test('a key in a library of the system is a note, in a program of one’s own it blocks', async () => {
  const program = `\x7fELF${'\0'.repeat(100)}${pem}`;
  const ruleAt = async (path: string, content: string) =>
    (await reviewOf(layers([{ name: path, content }]))).findings[0]?.rule;
  assert.equal(await ruleAt('usr/lib/x/libgnutls.so', program), 'SECRET_IN_SYSTEM_PROGRAM');
  assert.equal(await ruleAt('app/server', program), 'SECRET_IN_LAYER');
  assert.equal(await ruleAt('usr/lib/x/key.pem', pem), 'SECRET_IN_LAYER');
});

test('no value of a variable is printed', async () => {
  const values = ['hunter22', token, awsKey, 's3cret99'];
  const found = await reviewOf({
    ...config({ Env: ['DB_PASSWORD=hunter22', `X=${token}`], Labels: { x: awsKey } }),
    history: [{ created_by: 'RUN |1 API_KEY=s3cret99 /bin/sh -c true', comment: token }],
  });
  assert.ok(found.findings.length > 4);
  for (const value of values) assert.ok(!JSON.stringify(found).includes(value));
});

const goodLayer = layerOf(tarOf({ name: 'bin/su', mode: 0o4755 }));

/** One row: a layer nobody should unpack, the rule that notices, and the code behind it. */
const broken: [what: string, layer: TestLayer, rule: string, code: string][] = [
  [
    'no tar archive',
    layerOf(Buffer.from('x'.repeat(2000))),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_CHECKSUM',
  ],
  [
    'a path out of the image',
    layerOf(tarOf({ name: '../etc/passwd' })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_PATH_TRAVERSAL',
  ],
  [
    'an absolute path',
    layerOf(tarOf({ name: '/etc/passwd' })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_PATH_TRAVERSAL',
  ],
  [
    'an absurd size',
    layerOf(tarOf({ name: 'a', size: 2 ** 33 - 1 })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_TRUNCATED',
  ],
  [
    'a negative size',
    layerOf(tarOf({ name: 'a', raw: new Map([[124, Buffer.alloc(12, 0xff)]]) })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_SIZE',
  ],
  [
    'a whiteout of nothing',
    layerOf(tarOf({ name: 'a/.wh..' })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_WHITEOUT_INVALID',
  ],
  [
    'broken gzip',
    layerOf(
      tarOf({ name: 'a' }),
      gzipSync(tarOf({ name: 'a', content: randomBytes(2000) })).subarray(0, 500),
    ),
    'HYGIENE_LAYER_MALFORMED',
    'REVIEW_LAYER_CORRUPT',
  ],
  [
    'another compression',
    layerOf(tarOf({ name: 'a' }), Buffer.from('BZh91AY&SY')),
    'HYGIENE_LAYER_MALFORMED',
    'REVIEW_LAYER_ENCODING',
  ],
  ['a gzip bomb', layerOf(new Uint8Array(0), bomb()), 'HYGIENE_LAYER_BOMB', 'REVIEW_LAYER_BOMB'],
  [
    'other content than the configuration names',
    { ...layerOf(tarOf({ name: 'a' })), diffId: `sha256:${'0'.repeat(64)}` },
    'HYGIENE_LAYER_MISMATCH',
    'unpacks to',
  ],
];

function bomb(): Uint8Array {
  return gzipSync(Buffer.concat([tarOf({ name: 'a', content: Buffer.alloc(150 * 1024 * 1024) })]));
}

for (const [what, layer, rule, code] of broken) {
  test(`a layer with ${what} is ${rule}, and the other layers are still looked at`, async () => {
    const found = await reviewOf({ ...sound, layers: [layer, goodLayer] });
    const [finding] = found.findings;
    assert.deepEqual([finding?.rule, finding?.blocks], [rule, true]);
    assert.ok(finding?.detail.includes(code), finding?.detail);
    assert.ok(rulesOf(found).includes('HYGIENE_SETUID'));
    assert.equal(found.refusal?.code, 'REVIEW_LAYER_UNREADABLE');
  });
}

test('a layer by zstd, or without compression, is looked at as well', async () => {
  const tar = tarOf({ name: 'su', mode: 0o4755 });
  for (const stored of [tar, zstdCompressSync(tar)]) {
    assert.deepEqual(rulesOf(await reviewOf({ ...sound, layers: [layerOf(tar, stored)] })), [
      'HYGIENE_SETUID',
      'PACKAGES_NOT_FOUND',
    ]);
  }
});

test('a configuration that cannot be read blocks, and the layers are looked at', async () => {
  for (const configBytes of [utf8('{'), utf8('{"config":{"User":"app","user":"root"}}')]) {
    const found = await reviewOf({
      ...sound,
      configBytes,
      layers: [[{ name: 'k', content: pem }]],
    });
    assert.deepEqual(rulesOf(found).slice(0, 2), ['HYGIENE_CONFIG_MALFORMED', 'SECRET_IN_LAYER']);
    assert.equal(found.refusal?.code, 'REVIEW_LAYER_UNREADABLE');
  }
});

test('what is no image is refused', async () => {
  const layer = {
    bytes: utf8('chart'),
    diffId: digestOf(utf8('chart')),
    mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  };
  const found = await reviewOf({
    configType: 'application/vnd.cncf.helm.config.v1+json',
    layers: [layer],
  });
  assert.deepEqual(rulesOf(found).slice(0, 2), ['HYGIENE_CONFIG_MALFORMED', 'HYGIENE_LAYER_TYPE']);
});

test('a configuration with fewer layers than the manifest blocks', async () => {
  const found = await reviewOf({ ...sound, top: { rootfs: { type: 'layers', diff_ids: [] } } });
  assert.equal(found.findings[0]?.rule, 'HYGIENE_LAYER_MISMATCH');
});

const debian = { name: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID="12"\n' };
const debianLink = { name: 'etc/os-release', type: '2', link: '../usr/lib/os-release' };
const dpkg = {
  name: 'var/lib/dpkg/status',
  content: readFileSync(new URL('../../../test/fixtures/dpkg/status', import.meta.url)),
};

test('a package with a known vulnerability is refused, by the source it was built from', async () => {
  const fixed = advisory('CVE-2026-1', 'Debian:12', 'openssl', {
    fixed: '3.0.99-1',
    severity: high,
  });
  const found = await reviewOf(layers([debian, debianLink, dpkg]), { advisories: [fixed] });
  const [finding] = found.findings;
  assert.deepEqual(
    [finding?.rule, finding?.severity, finding?.title, finding?.aliases],
    ['VULNERABLE_PACKAGE', 'critical', 'CVE-2026-1 in openssl 3.0.19-1~deb12u2', ['CVE-2026-1']],
  );
  assert.match(
    finding?.detail ?? '',
    /Installed as libssl3 3\.0\.19-1~deb12u2\. Fixed in 3\.0\.99-1\./,
  );
  assert.equal(found.refusal?.code, 'REVIEW_VULNERABLE');
  assert.equal(found.packages.length, 7);
});

/** One row: advisory, files of the image, and the title of what is found (none: undefined). */
const matching: [
  what: string,
  known: Advisory[],
  files: (readonly TarFields[])[],
  title: string | undefined,
][] = [
  [
    'fixed already',
    [advisory('CVE-1', 'Debian:12', 'openssl', { fixed: '3.0.1-1' })],
    [[debian, debianLink, dpkg]],
    undefined,
  ],
  [
    'of another release',
    [advisory('CVE-1', 'Debian:11', 'openssl')],
    [[debian, debianLink, dpkg]],
    undefined,
  ],
  [
    'of all releases',
    [advisory('CVE-1', 'Debian', 'openssl')],
    [[debian, debianLink, dpkg]],
    'CVE-1 in openssl 3.0.19-1~deb12u2',
  ],
  [
    'of a removed package',
    [advisory('CVE-1', 'Debian:12', 'left-behind')],
    [[debian, debianLink, dpkg]],
    undefined,
  ],
  [
    'of a package that a later layer deletes',
    [advisory('CVE-1', 'npm', 'a')],
    [[npm('a', '1.0.0')], [{ name: 'app/node_modules/.wh.a' }]],
    undefined,
  ],
  [
    'of a package that a later layer updates',
    [advisory('CVE-1', 'npm', 'a', { fixed: '1.0.1' })],
    [[npm('a', '1.0.0')], [npm('a', '1.0.1')]],
    undefined,
  ],
  [
    'of an npm package',
    [advisory('CVE-1', 'npm', 'a', { fixed: '1.0.1' })],
    [[npm('a', '1.0.0')]],
    'CVE-1 in a 1.0.0',
  ],
  [
    'of a scoped npm package',
    [advisory('CVE-1', 'npm', '@s/a')],
    [[npm('@s/a', '1.0.0')]],
    'CVE-1 in @s/a 1.0.0',
  ],
  [
    'of a package in a lock file',
    [advisory('CVE-1', 'npm', 'a')],
    [
      [
        {
          name: 'app/package-lock.json',
          content: '{"packages":{"node_modules/a":{"version":"1.0.0"}}}',
        },
      ],
    ],
    'CVE-1 in a 1.0.0',
  ],
  [
    'of a package.json that is no package',
    [advisory('CVE-1', 'npm', 'a')],
    [[{ name: 'app/package.json', content: '{"name":"a","version":"1.0.0"}' }]],
    undefined,
  ],
  [
    'of Alpine',
    [advisory('CVE-1', 'Alpine:v3.19', 'openssl', { fixed: '3.1.4-r5' })],
    [
      [
        { name: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.19.1\n' },
        { name: 'lib/apk/db/installed', content: 'P:libssl3\nV:3.1.4-r4\no:openssl\n\n' },
      ],
    ],
    'CVE-1 in openssl 3.1.4-r4',
  ],
  [
    'of a distroless image',
    [advisory('CVE-1', 'Debian:12', 'tzdata')],
    [
      [
        debian,
        { name: 'etc/os-release', type: '2', link: '/usr/lib/os-release' },
        { name: 'var/lib/dpkg/status.d/tzdata', content: 'Package: tzdata\nVersion: 2024a-0\n' },
        { name: 'var/lib/dpkg/status.d/tzdata.md5sums', content: 'x' },
      ],
    ],
    'CVE-1 in tzdata 2024a-0',
  ],
];

for (const [what, known, files, title] of matching) {
  test(`a vulnerability ${what}: ${title ?? 'nothing is found'}`, async () => {
    const found = await reviewOf(layers(...files), { advisories: known });
    assert.equal(found.findings.find(({ rule }) => rule === 'VULNERABLE_PACKAGE')?.title, title);
    assert.ok(!rulesOf(found).includes('PACKAGES_UNREADABLE'), JSON.stringify(found.findings));
  });
}

test('advisories that are aliases of each other are one finding, at its worst', async () => {
  const known = [
    advisory('GHSA-1', 'npm', 'a', { aliases: ['CVE-1'], fixed: '2.0.0' }),
    advisory('X-1', 'npm', 'a', { aliases: ['CVE-1'], severity: high }),
    advisory('CVE-2', 'npm', 'a'),
  ];
  const found = await reviewOf(layers([npm('a', '1.0.0')]), { advisories: known });
  const vulnerable = found.findings.filter(({ rule }) => rule === 'VULNERABLE_PACKAGE');
  assert.deepEqual(
    vulnerable.map(({ title, severity, aliases }) => [title, severity, aliases]),
    [
      ['CVE-1 in a 1.0.0', 'critical', ['CVE-1', 'GHSA-1', 'X-1']],
      ['CVE-2 in a 1.0.0', 'medium', ['CVE-2']],
    ],
  );
});

test('two advisories become one when a third has the names of both', async () => {
  const known = [
    advisory('X-1', 'npm', 'a'),
    advisory('X-2', 'npm', 'a'),
    advisory('X-3', 'npm', 'a', { aliases: ['X-2', 'X-1'] }),
  ];
  const found = await reviewOf(layers([npm('a', '1.0.0')]), { advisories: known });
  const vulnerable = found.findings.filter(({ rule }) => rule === 'VULNERABLE_PACKAGE');
  assert.deepEqual(
    vulnerable.map(({ aliases }) => aliases),
    [['X-1', 'X-2', 'X-3']],
  );
});

/** One row: a package database that cannot be looked into, and a word of the finding. */
const unread: [what: string, files: readonly TarFields[], says: RegExp][] = [
  [
    'behind a link',
    [
      debian,
      debianLink,
      { name: 'var/lib/dpkg/status', type: '2', link: '/opt/status' },
      { name: 'opt/status', content: dpkg.content },
    ],
    /behind a link/,
  ],
  ['missing', [debian, debianLink], /is not there/],
  ['of an unknown system', [dpkg], /names no system/],
  [
    'malformed',
    [
      debian,
      debianLink,
      { name: 'var/lib/dpkg/status', content: 'Package: a\n\nPackage: b\nVersion: 1\n' },
    ],
    /1 without name or version/,
  ],
];

for (const [what, files, says] of unread) {
  test(`a package database ${what} needs a reason`, async () => {
    const found = await reviewOf(layers(files));
    const finding = found.findings.find(({ rule }) => rule === 'PACKAGES_UNREADABLE');
    assert.match(finding?.detail ?? rulesOf(found).join(), says);
    assert.equal(finding?.needsReason, true);
  });
}

test('a store without advisories for the image says so, and so does one with broken ones', async () => {
  const warnings = [{ file: 'bad.json', reason: 'it is not JSON' }];
  const found = await reviewOf(layers([debian, debianLink, dpkg]), { warnings });
  assert.deepEqual(rulesOf(found), ['ADVISORIES_UNREADABLE', 'ADVISORIES_MISSING']);
});

test('every platform of an index is looked at, a layer they share is read once, attestations are not images', async () => {
  const builder = new ImageBuilder();
  const shared = layerOf(tarOf({ name: 'bin/su', mode: 0o4755 }));
  const own = (architecture: string): TestLayer =>
    layerOf(tarOf({ name: 'app', content: architecture }));
  const platform = (architecture: string) => ({
    ...builder.manifest({ ...sound, architecture, layers: [shared, own(architecture), shared] }),
    platform: { os: 'linux', architecture },
  });
  const attestation = {
    ...builder.manifest({
      layers: [
        {
          bytes: utf8('{}'),
          diffId: digestOf(utf8('{}')),
          mediaType: 'application/vnd.in-toto+json',
        },
      ],
    }),
    platform: { os: 'unknown', architecture: 'unknown' },
  };
  builder.index([platform('amd64'), platform('arm64'), attestation]);
  const found = await run(builder);
  assert.deepEqual(
    found.findings.map(({ rule, platforms }) => [rule, platforms]),
    [
      ['HYGIENE_SETUID', ['linux/amd64', 'linux/arm64']],
      ['PACKAGES_NOT_FOUND', ['linux/amd64', 'linux/arm64']],
    ],
  );
  assert.equal(builder.reads.filter((digest) => digest === digestOf(shared.bytes)).length, 1);
});

test('an index without an image is refused', async () => {
  const builder = new ImageBuilder();
  builder.index([]);
  assert.equal((await run(builder)).refusal?.code, 'REVIEW_LAYER_UNREADABLE');
});

test('a tag "latest", a large image, and the notes of the check are findings as well', async () => {
  const note = makeFinding({
    rule: 'CHECK_FIRST_ROOT',
    severity: 'note',
    title: 't',
    detail: 'd',
    remedy: 'r',
    subject: 's',
  });
  const policy = {
    ...defaultPolicy,
    rules: new Map([['CHECK_FIRST_ROOT', 'reason']]) as ReviewPolicy['rules'],
    limits: { ...defaultPolicy.limits, imageBytes: 10 },
  };
  const found = await reviewOf(sound, { tag: 'latest', notes: [note], policy });
  assert.deepEqual(rulesOf(found), [
    'HYGIENE_TOO_LARGE',
    'HYGIENE_TAG_LATEST',
    'CHECK_FIRST_ROOT',
    'PACKAGES_NOT_FOUND',
  ]);
  assert.equal(found.findings.find(({ rule }) => rule === 'CHECK_FIRST_ROOT')?.needsReason, true);
});

test('an image with more in it than can be looked at blocks', async () => {
  const many = Array.from({ length: 30 }, (_, i) => ({ name: `f${i}` }));
  const withLimits = (limits: Partial<ReviewPolicy['limits']>) => ({
    policy: { ...defaultPolicy, limits: { ...defaultPolicy.limits, ...limits } },
  });
  for (const limits of [{ entries: 20 }, { totalBytes: 5000 }]) {
    const found = await reviewOf(
      { ...sound, layers: [many.slice(0, 15), many, many] },
      withLimits(limits),
    );
    assert.ok(
      rulesOf(found).includes('HYGIENE_LAYER_LIMIT') ||
        rulesOf(found).includes('HYGIENE_LAYER_BOMB'),
    );
    assert.equal(found.refusal?.code, 'REVIEW_LAYER_UNREADABLE');
  }
});

test('an image with countless findings has a bounded number of them, and none of the weight is lost', async () => {
  const programs = Array.from({ length: 500 }, (_, i) => ({ name: `bin/su${i}`, mode: 0o4755 }));
  const found = await reviewOf(layers(programs));
  const setuid = found.findings.filter(({ rule }) => rule === 'HYGIENE_SETUID');
  assert.equal(setuid.length, 201);
  assert.match(setuid.find(({ subject }) => subject === 'more')?.detail ?? '', /300 more/);
});

test('the same image has the same findings in every run', async () => {
  const image = layers(
    [
      { name: 'bin/su', mode: 0o4755 },
      { name: 'k', content: pem },
    ],
    [debian, dpkg],
  );
  const [once, twice] = [await reviewOf(image), await reviewOf(image)];
  assert.deepEqual(once.findings, twice.findings);
  assert.deepEqual(once.report, twice.report);
  assert.equal(once.policyDigest, twice.policyDigest);
});

test('a review that is stopped stops, and a store that fails is not the image’s fault', async () => {
  const builder = new ImageBuilder();
  builder.manifest(sound);
  await assert.rejects(
    run(builder, { signal: AbortSignal.abort(new Error('stopping')) }),
    /stopping/,
  );
  builder.blobs.clear();
  await assert.rejects(run(builder), /no blob/);
  builder.manifests.clear();
  const gone = {
    manifests: [{ digest: digestOf(utf8('x')), mediaType: 'x', sizeBytes: 1 }],
    blobs: [],
  };
  await assert.rejects(
    run(builder, { content: gone }),
    (error) => isStoreError(error) && error.code === 'REVIEW_IMAGE_GONE',
  );
});

test('names in an image cannot write on a terminal', async () => {
  const found = await reviewOf(layers([{ name: 'bin/\u001b[2Jsu', mode: 0o4755 }]));
  assert.ok(!JSON.stringify(found.findings).includes('\u001b'));
  assert.match(found.findings[0]?.detail ?? '', /\\u001b/);
});

test('whatever bytes a layer is made of, the image gets a review', async () => {
  const tar = tarOf(
    { name: 'etc/os-release', content: 'ID=debian\n' },
    { name: 'var/lib/dpkg/status', content: 'Package: a\nVersion: 1\n' },
    { name: '.wh.a' },
    { name: 'b', type: '2', link: 'b' },
  );
  const change = fc.tuple(fc.nat({ max: tar.length - 1 }), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 5 }),
      fc.boolean(),
      async (changes, compressed) => {
        const bytes = Buffer.from(tar);
        for (const [at, byte] of changes) bytes[at] = byte;
        const stored = compressed ? gzipSync(bytes) : bytes;
        const found = await reviewOf({ ...sound, layers: [layerOf(bytes, stored)] });
        assert.ok(found.findings.length > 0);
      },
    ),
    { numRuns: runs.numRuns / 2 },
  );
});

const high = [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }];

function advisory(
  id: string,
  ecosystem: string,
  name: string,
  more: { fixed?: string; severity?: object[]; aliases?: string[] } = {},
): Advisory {
  const { fixed, severity = [], aliases = [] } = more;
  const events = [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])];
  const affected = [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events }] }];
  return parseAdvisory(
    utf8(
      JSON.stringify({ id, modified: '', summary: `About ${name}`, aliases, severity, affected }),
    ),
  );
}

function npm(name: string, version: string): TarFields {
  return {
    name: `app/node_modules/${name}/package.json`,
    content: JSON.stringify({ name, version }),
  };
}

function config(over: object): TestImage {
  return { ...sound, config: { ...sound.config, ...over } };
}

function history(createdBy: string): TestImage {
  return { ...sound, history: [{ created_by: 'FROM scratch' }, { created_by: createdBy }] };
}

function layers(...over: readonly (readonly TarFields[] | TestLayer)[]): TestImage {
  return { ...sound, layers: over };
}

function tarLayer(tar: Uint8Array): TestLayer {
  return layerOf(tar);
}

function passwd(content: string): readonly TarFields[] {
  return [{ name: 'etc/passwd', content }];
}

function rulesOf({ findings }: ImageReview): string[] {
  return [...new Set(findings.map(({ rule }) => rule))];
}

interface Options {
  readonly advisories?: readonly Advisory[];
  readonly warnings?: Advisories['warnings'];
  readonly policy?: ReviewPolicy;
  readonly tag?: string;
  readonly notes?: Parameters<typeof review>[0]['notes'];
  readonly signal?: AbortSignal;
  readonly content?: Parameters<typeof review>[0]['image'];
}

async function reviewOf(image: TestImage, options: Options = {}): Promise<ImageReview> {
  const builder = new ImageBuilder();
  builder.manifest(image);
  return run(builder, options);
}

function run(builder: ImageBuilder, options: Options = {}): Promise<ImageReview> {
  const digest = digestOf(utf8('signed'));
  const repository = parseStagingRepository('staging/acme/app');
  const request = {
    subject: {
      id: '0123456789abcdef',
      gun: parseGun('localhost:5443/staging/acme/app'),
      repository,
      tag: parseTag(options.tag ?? '1.0'),
      digest,
      sizeBytes: 1,
      signedBy: 'targets' as const,
      admittedAt: now,
    },
    repository: parseRepositoryName('certification/acme/app'),
    image: options.content ?? builder.content(),
    notes: options.notes ?? [],
  };
  const ports = {
    images: builder.images,
    blobs: { read: (of: typeof digest) => builder.read(of) },
    layers: layerOpener,
    advisories: { current: async () => advisoriesOf(options) },
  };
  return review(request, ports, options.policy ?? defaultPolicy, now, options.signal);
}

function advisoriesOf({ advisories = [], warnings = [] }: Options): Advisories {
  const all = advisories.flatMap((one) =>
    one.affected.map((affected) => ({ advisory: one, affected })),
  );
  return {
    revision: 'r',
    count: advisories.length,
    warnings,
    about: (ecosystem, name) =>
      all.filter(({ affected }) => affected.ecosystem === ecosystem && affected.name === name),
    has: (ecosystem) =>
      versionOrderOf(ecosystem) !== undefined &&
      all.some(({ affected }) => affected.ecosystem === ecosystem),
  };
}
