import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerOf, type TestImage } from '../../../test/support/image-builder.ts';
import {
  config,
  history,
  layers,
  passwd,
  reviewOf,
  rulesOf,
  sound,
} from '../../../test/support/reviewed-image.ts';
import { pax, tarOf } from '../../../test/support/tar-writer.ts';

const token = `ghp_${'A1b2'.repeat(9)}`;
const awsKey = 'AKIAQWERTYUIOPASDFGH';

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
    layers(layerOf(tarOf(pax({ 'SCHILY.xattr.security.capability': 'x' }), { name: 'bin/ping' }))),
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
