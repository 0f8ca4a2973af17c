import { hexOf } from '../../src/base/index.ts';
import { type CopyRequest, copyImage } from '../../src/copy/index.ts';
import { parseTag, type Tag } from '../../src/oci/index.ts';
import { MemoryRepository, type Part } from './memory-repository.ts';

export const v1 = parseTag('v1');
const nobody = { planned: () => {}, sent: () => {}, arrived: () => {} };

/** What an index says of an image for Linux. */
export function linux(architecture: string, variant?: string) {
  return { platform: { os: 'linux', architecture, variant } };
}

/** Where cosign puts what it attaches. @param ending  `sig`, `att` or `sbom` */
export function cosignTag({ digest }: Part, ending: string): Tag {
  return parseTag(`sha256-${hexOf(digest)}.${ending}`);
}

/** Copies `v1` with everything attached to it, unless told otherwise. */
export function copy(
  source: MemoryRepository,
  destination: MemoryRepository,
  options: Partial<CopyRequest> = {},
) {
  const request = { source, destination, reference: v1, tag: v1, attached: true, watch: nobody };
  return copyImage({ ...request, ...options });
}

/** An index of two platforms with an SBOM, its signature and a signature of the index. */
export function signedIndex() {
  const source = new MemoryRepository();
  const [amd, arm] = [source.image('amd'), source.image('arm')];
  const index = source.index([
    { ...amd, ...linux('amd64') },
    { ...arm, ...linux('arm64', 'v8') },
  ]);
  source.tag('v1', index);
  const sbom = source.image('sbom', { artifactType: 'application/spdx+json', subject: amd });
  const signature = source.image('signature of the sbom');
  source.tag(cosignTag(sbom, 'sig'), signature);
  const sealed = source.image('signature of the index');
  source.tag(cosignTag(index, 'sig'), sealed);
  source.image('somebody else, of something else', { subject: signature, note: 1 });
  return { source, index, amd, arm, sbom, signature, sealed };
}
