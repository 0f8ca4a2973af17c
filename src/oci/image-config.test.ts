import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError, utf8 } from '../base/index.ts';
import { imageConfigLimitBytes, parseImageConfig } from './image-config.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test('a configuration says how the image runs and how it was made', () => {
  const config = parse({
    architecture: 'arm64',
    variant: 'v8',
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: {
      User: 'app:app',
      Env: ['PATH=/bin'],
      Entrypoint: ['/app'],
      Cmd: null,
      Healthcheck: { Test: ['CMD', '/app', 'health'], Interval: 30_000_000_000 },
      Labels: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' },
    },
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [
      { created_by: 'COPY app /', comment: 'buildkit' },
      { created_by: 'USER app', empty_layer: true },
    ],
  });
  assert.deepEqual(
    { ...config, labels: [...config.labels] },
    {
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      user: 'app:app',
      env: ['PATH=/bin'],
      entrypoint: ['/app'],
      cmd: [],
      healthcheck: ['CMD', '/app', 'health'],
      labels: [['org.opencontainers.image.base.name', 'docker.io/library/debian:12']],
      history: [
        { createdBy: 'COPY app /', comment: 'buildkit', emptyLayer: false },
        { createdBy: 'USER app', comment: '', emptyLayer: true },
      ],
      diffIds: [digest],
    },
  );
});

test('what is absent or null says nothing', () => {
  for (const value of [
    {},
    { config: null, rootfs: null, history: null },
    { config: { Labels: null, Healthcheck: {} } },
  ]) {
    const config = parse(value);
    assert.deepEqual(
      [config.user, config.env, config.healthcheck, config.diffIds],
      ['', [], undefined, []],
    );
  }
});

const bad: [what: string, text: string][] = [
  ['nothing', ''],
  ['a list', '[]'],
  ['a user that is a number', '{"config":{"User":0}}'],
  ['an environment that is an object', '{"config":{"Env":{"A":"b"}}}'],
  ['a layer that is no digest', '{"rootfs":{"diff_ids":["sha256:x"]}}'],
  ['two users', '{"config":{"User":"app","User":"root"}}'],
  ['a user that Go would read', '{"config":{"User":"app","user":"root"}}'],
  ['a configuration that Go would read', '{"Config":{"User":"root"}}'],
  ['too many steps', JSON.stringify({ history: Array.from({ length: 10_001 }, () => ({})) })],
];

for (const [what, text] of bad) {
  test(`a configuration with ${what} is refused`, () => {
    assert.equal(codeOf(utf8(text)), 'OCI_CONFIG_INVALID');
  });
}

test('a huge configuration is refused before it is parsed', () => {
  assert.equal(codeOf(new Uint8Array(imageConfigLimitBytes + 1)), 'OCI_CONFIG_TOO_LARGE');
});

test('any JSON is a configuration or refused with a code', () => {
  const name = fc.constantFrom(
    'config',
    'User',
    'Env',
    'Labels',
    'Healthcheck',
    'Test',
    'history',
    'rootfs',
    'diff_ids',
    '__proto__',
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', digest, 1, null, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(name, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      assert.match(codeOf(utf8(JSON.stringify(value))), /^(read|OCI_CONFIG_INVALID)$/);
    }),
    runs,
  );
});

function parse(value: object) {
  return parseImageConfig(utf8(JSON.stringify(value)));
}

function codeOf(bytes: Uint8Array): string {
  try {
    parseImageConfig(bytes);
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
  return 'read';
}
