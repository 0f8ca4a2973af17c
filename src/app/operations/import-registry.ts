import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { RegistryFolder } from '../../adapters/registry-folder/index.ts';
import { SqlRegistryIndex } from '../../adapters/sql/registry/registry-index.ts';
import type { Clock } from '../../base/index.ts';
import type { RegistryImportQuestion, RegistryImportWatch } from '../../cli/index.ts';
import { isZone } from '../../http/auth/index.ts';
import { isRepositoryName, type RepositoryName } from '../../oci/index.ts';
import {
  type ImportedRepository,
  importRepository,
  Quotas,
  Uploads,
} from '../../registry/index.ts';
import { parseBucketPlace } from '../bucket-place.ts';
import { parseDatabase } from '../config.ts';
import { appError } from '../errors.ts';
import { DataFolder } from '../state/data-folder.ts';
import { openBlobs, reaching } from '../state/open-blobs.ts';
import { openStoreDatabase } from '../state/open-store-database.ts';

/**
 * Takes the repositories of docker-registry's data folder over into the store of a data folder, which
 * nobody else may have meanwhile. Quotas do not count: the operator decided.
 * @returns one outcome for each repository that was asked for and is there
 * @throws StoreError DATA_FOLDER_IN_USE, REGISTRY_FOLDER_UNKNOWN, REGISTRY_IMPORT_NAME
 */
export async function importRegistry(
  question: RegistryImportQuestion,
  watch: RegistryImportWatch,
  {
    env,
    clock,
  }: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock: Clock },
): Promise<ImportedRepository[]> {
  const source = await RegistryFolder.open(resolve(question.from));
  const names = await wantedOf(source, question);
  const { COUNTERMARK_DATABASE: url, COUNTERMARK_BLOBS: bucket } = env;
  const place = bucket ? parseBucketPlace(bucket) : undefined;
  const folder = DataFolder.open(resolve(question.data));
  folder.claim();
  const db = await openStoreDatabase({ database: url ? parseDatabase(url) : undefined }, folder);
  using open = new DisposableStack();
  try {
    const index = new SqlRegistryIndex(db);
    const blobs = await openBlobs({ blobs: place }, folder);
    open.defer(() => blobs[Symbol.dispose]?.());
    const quotas = new Quotas(index, [], clock);
    const uploads = new Uploads({ blobs, index, random: randomBytes, quotas });
    const ports = { source, blobs, index, uploads, dryRun: question.dryRun, clock };
    const outcomes: ImportedRepository[] = [];
    for (const [name, as] of names) {
      const told = (sizeBytes: number) => watch.copied(name, sizeBytes);
      const outcome = await reaching(place, () => importRepository({ ...ports, told }, name, as));
      outcomes.push(outcome);
      watch.done(outcome, names.size);
    }
    return outcomes;
  } finally {
    await db.destroy();
  }
}

/** All names are looked at before anything is written. */
async function wantedOf(
  source: RegistryFolder,
  { names, into }: RegistryImportQuestion,
): Promise<Map<string, RepositoryName>> {
  const wanted = new Map<string, RepositoryName>();
  for await (const name of source.repositories()) {
    if (names.length > 0 && !names.includes(name)) continue;
    const as = into === undefined ? name : `${into}/${name}`;
    // What is in the zones of the chain came there by the chain.
    if (!isRepositoryName(as) || isZone(as.split('/', 1)[0] ?? '')) {
      throw appError('REGISTRY_IMPORT_NAME', { name, as });
    }
    wanted.set(name, as);
  }
  const missing = names.filter((name) => !wanted.has(name));
  if (missing.length > 0) throw appError('REGISTRY_IMPORT_MISSING', { names: missing });
  return wanted;
}
