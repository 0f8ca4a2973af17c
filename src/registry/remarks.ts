import { type Index, type Manifest, mediaTypes, type RepositoryName } from '../oci/index.ts';
import { needsOf } from './manifests.ts';
import type { RegistryIndex } from './ports.ts';

/**
 * What somebody who pushed a manifest should know, though it was taken: sentences for people, in
 * printable ASCII without quotes.
 */
export async function remarksOn(
  index: RegistryIndex,
  repository: RepositoryName,
  manifest: Manifest | Index,
): Promise<readonly string[]> {
  const remarks: string[] = [];
  const { foreign } = needsOf(manifest);
  if (foreign.size > 0) {
    remarks.push(
      `${foreign.size} of the layers may lie elsewhere: this registry does not promise to have them`,
    );
  }
  const { subject } = manifest;
  if (subject && !(await index.manifest(repository, subject.digest))) {
    remarks.push(`the subject ${subject.digest} is not in this repository yet`);
  }
  if (manifest.mediaType === mediaTypes.dockerList && manifest.manifests.length === 0) {
    remarks.push('the list is empty: docker has nothing to pull from it');
  }
  return remarks;
}
