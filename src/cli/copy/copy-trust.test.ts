import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, StoreError, sha256Of, utf8 } from '../../base/index.ts';
import type { TrustChange } from '../../client/index.ts';
import { parseImageReference, parseTag } from '../../oci/index.ts';
import type { Gun, SignedTarget } from '../../tuf/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import type { CopiedTag } from './copy.ts';
import { copyTrust, type TrustMode, trustModeOf } from './copy-trust.ts';

const [signed, other] = [digestOf(utf8('signed')), digestOf(utf8('other'))];
const sides = {
  source: parseImageReference('from.example/app'),
  destination: parseImageReference('to.example/app'),
};

/** Content trust where `v1` of the source is signed, and `there` at the destination. */
function trustOf(mode: TrustMode, there?: Digest) {
  const published: (readonly TrustChange[])[] = [];
  const target = (digest: Digest): SignedTarget => {
    const hashes = new Map([['sha256', sha256Of(digest)] as const]);
    return { name: 'v1', role: 'targets', hashes, sizeBytes: 6 };
  };
  const docker: Partial<DockerTrustWorld> = {
    release: async (_, tag) => {
      if (tag === 'v1') return target(signed);
      throw new StoreError('TUF_TARGET_UNKNOWN', 'nobody signed it');
    },
    releases: async (gun: Gun) => [target(gun.startsWith('from') ? signed : (there ?? other))],
    open: async () => {
      if (there) return {} as never;
      throw new StoreError('CLIENT_NO_TRUST_DATA', 'nobody has signed');
    },
    publish: async (_, changes) => void published.push(changes) as never,
    [Symbol.dispose]: () => {},
  };
  const opened = copyTrust(mode, sides, async () => docker as DockerTrustWorld);
  return { published, opened };
}

const references: readonly [mode: TrustMode, name: string, copied: string][] = [
  ['off', 'v2', 'v2'],
  ['off', `v1@${other}`, other],
  ['verify', 'v1', signed],
  ['sign', 'v1', signed],
  ['sign', `v1@${signed}`, signed],
  ['sign', `v1@${other}`, 'CLIENT_DIGEST_DIFFERS'],
  ['sign', `@${signed}`, signed],
  ['verify', `@${other}`, 'CLIENT_DIGEST_NOT_SIGNED'],
  ['verify', 'v2', 'TUF_TARGET_UNKNOWN'],
];

for (const [mode, name, copied] of references) {
  test(`with ${mode}, ${name.slice(0, 12)} is ${copied.slice(0, 24)}`, async () => {
    const trust = await trustOf(mode).opened;
    const text = `from.example/app${name.startsWith('@') ? '' : ':'}${name}`;
    const found = await trust.digestOf(parseImageReference(text)).catch(({ code }) => code);
    assert.equal(found, copied);
  });
}

const signings: readonly [mode: TrustMode, there: Digest | undefined, updates: number][] = [
  ['off', undefined, 0],
  ['verify', undefined, 0],
  ['sign', undefined, 1],
  ['sign', other, 1],
  ['sign', signed, 0],
];

for (const [mode, there, updates] of signings) {
  const before = there === undefined ? 'nothing' : there === signed ? 'the same' : 'another';
  test(`with ${mode}, where ${before} is signed, ${updates} updates are published`, async () => {
    const { published, opened } = trustOf(mode, there);
    const image = { tag: parseTag('v1'), digest: signed, sizeBytes: 6 } as CopiedTag;
    const tags = await (await opened).sign([image]);
    const change = { kind: 'add-target', name: 'v1', digest: signed, sizeBytes: 6 };
    assert.deepEqual(published, Array(updates).fill([change]));
    assert.deepEqual([...tags], mode === 'sign' ? ['v1'] : []);
  });
}

test('content trust is asked for as docker asks', () => {
  for (const [value, mode] of [
    ['1', 'sign'],
    ['true', 'sign'],
    ['0', 'off'],
    ['', 'off'],
  ] as const) {
    assert.equal(trustModeOf({ DOCKER_CONTENT_TRUST: value }), mode);
  }
  assert.equal(trustModeOf({}), 'off');
});
