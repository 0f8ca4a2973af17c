import { dirname, join, relative, sep } from 'node:path';
import { isStoreError } from '../../base/index.ts';
import {
  type Gun,
  type KeyId,
  limitBytesOf,
  type PublicKey,
  parseGun,
  parseMetadata,
  parseRoot,
} from '../../tuf/index.ts';
import { metadataFile } from './paths.ts';
import { listTrustFolder, readTrustFile } from './read-file.ts';

/** What the kept metadata of a repository says of keys. Nothing in it was verified. */
export interface KeptRepository {
  readonly gun: Gun;
  /** Canonical ids. */
  readonly rootKeyIds: ReadonlySet<KeyId>;
  /** `ecdsa`, `rsa`, `ed25519` by canonical id: of root, targets, snapshot and delegations' keys. */
  readonly algorithms: ReadonlyMap<KeyId, string>;
}

/**
 * The repositories that are kept in a trust folder. One whose root cannot be read is passed over:
 * who only looks at keys need not be stopped by it.
 */
export async function keptRepositories(trust: string): Promise<KeptRepository[]> {
  const top = join(trust, 'tuf');
  const kept: KeptRepository[] = [];
  for (const entry of await listTrustFolder(top)) {
    if (entry.name !== 'root.json' || !entry.parentPath.endsWith(`${sep}metadata`)) continue;
    try {
      const gun = parseGun(relative(top, dirname(entry.parentPath)).split(sep).join('/'));
      kept.push(await readRepository(trust, gun));
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }
  return kept.sort((a, b) => (a.gun < b.gun ? -1 : 1));
}

async function readRepository(trust: string, gun: Gun): Promise<KeptRepository> {
  const read = (role: 'root' | 'targets') =>
    readTrustFile(metadataFile(trust, gun, role), limitBytesOf(role));
  const { signed } = parseRoot((await read('root')) ?? new Uint8Array());
  const targets = await read('targets');
  const delegated = targets && parseMetadata('targets', targets).signed.delegations.keys;
  const keys = new Map([...signed.keys, ...(delegated ?? [])]);
  const named = signed.roles.get('root')?.keyIds ?? [];
  return {
    gun,
    rootKeyIds: new Set(named.flatMap((id) => keys.get(id)?.canonicalId ?? [])),
    algorithms: new Map([...keys.values()].map((key) => [key.canonicalId, algorithmOf(key)])),
  };
}

function algorithmOf({ keyType }: PublicKey): string {
  return keyType.replace(/-x509$/, '');
}
