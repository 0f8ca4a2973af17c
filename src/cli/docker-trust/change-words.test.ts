import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeChange } from './change-words.ts';

const sha256 = ['sha256', new Uint8Array(32).fill(2)] as const;
const sha512 = ['sha512', new Uint8Array(64).fill(1)] as const;
const [digest256, digest512] = [`sha256:${'02'.repeat(32)}`, `sha512:${'01'.repeat(64)}`];

/** The digests of a target, as its change has them -> as they are told. */
const targets: readonly [hashes: (readonly [string, Uint8Array])[], told: string][] = [
  [[sha256], digest256],
  [[sha512], digest512],
  [[sha256, sha512], `${digest256}, ${digest512}`],
  [[sha512, sha256], `${digest256}, ${digest512}`],
];

for (const [hashes, told] of targets) {
  const names = hashes.map(([name]) => name).join(' and ');
  test(`of a target with ${names} every digest is told, that which is pulled first`, () => {
    const meta = { sizeBytes: 5, hashes: new Map(hashes) };
    const change = { kind: 'create-target', role: 'targets', name: 'v1', meta } as const;
    assert.equal(describeChange(change).detail, `${told} (5 bytes)`);
  });
}
