import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copy, linux } from '../../test/support/copy-world.ts';
import { MemoryRepository } from '../../test/support/memory-repository.ts';
import { utf8 } from '../base/index.ts';
import { mediaTypes } from '../oci/index.ts';

const platforms: readonly [wanted: string, has: string[], chosen: string | undefined][] = [
  ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], undefined],
  ['linux/arm/v7', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ['linux/arm', ['linux/arm', 'linux/arm/v7'], 'linux/arm'],
  ['linux/arm64', ['linux/amd64', 'linux/arm64/v8'], 'linux/arm64/v8'],
  ['linux/s390x', ['linux/amd64'], undefined],
];

for (const [wanted, has, chosen] of platforms) {
  test(`--platform ${wanted} of ${has} is ${chosen ?? 'refused'}`, async () => {
    const source = new MemoryRepository();
    const images = has.map((name) => [name, source.image(name)] as const);
    const described = images.map(([name, image]) => {
      const [, architecture = '', variant] = name.split('/');
      return { ...image, ...linux(architecture, variant) };
    });
    source.tag('v1', source.index(described));
    const copied = copy(source, new MemoryRepository(), { platform: wanted });
    if (chosen === undefined) return assert.rejects(copied, { code: 'COPY_PLATFORM' });
    assert.equal((await copied).digest, new Map(images).get(chosen)?.digest);
  });
}

test('an image in no index must be for the platform that is asked for', async () => {
  const source = new MemoryRepository();
  const config = source.blob(
    JSON.stringify({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      rootfs: { type: 'layers', diff_ids: [] },
    }),
    mediaTypes.ociConfig,
  );
  const image = source.image('arm', { config });
  source.tag('v1', image);
  for (const platform of ['linux/arm64', 'linux/arm64/v8']) {
    const copied = await copy(source, new MemoryRepository(), { platform });
    assert.equal(copied.digest, image.digest);
  }
  for (const platform of ['linux/amd64', 'linux/arm', 'linux/arm64/v9']) {
    const copied = copy(source, new MemoryRepository(), { platform });
    await assert.rejects(copied, { code: 'COPY_PLATFORM' });
  }
  source.blobs.set(config.digest, utf8('{}'));
  const lied = copy(source, new MemoryRepository(), { platform: 'linux/arm64' });
  await assert.rejects(lied, { code: 'COPY_SIZE_MISMATCH' });
});
