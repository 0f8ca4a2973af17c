import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pluginNameOf } from './plugin-name.ts';

for (const [program, plugin] of [
  ['docker-trust', 'docker-trust'],
  ['docker-dct', 'docker-dct'],
  ['docker-trust.exe', 'docker-trust'],
  ['docker-dct.EXE', 'docker-dct'],
  ['countermark', undefined],
  ['countermark-linux-arm64', undefined],
  ['docker-trust.sh', undefined],
  ['docker', undefined],
]) {
  test(`called ${program} it is ${plugin ?? 'no plugin'}`, () => {
    assert.equal(pluginNameOf(program ?? ''), plugin);
  });
}
