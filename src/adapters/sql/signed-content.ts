import { type Digest, toHex } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { SignedContent, SignedMoment } from '../../registry/index.ts';
import { isTargetsRole, parseMetadata, type RoleName } from '../../tuf/index.ts';
import type { Database, Tx } from './database.ts';
import { endsWith } from './statements.ts';
import { readTogether } from './write.ts';

/**
 * Everything that the current targets roles of a repository name, under whatever host it is or was
 * signed. Expired signatures count, and roles that nobody delegates to any more: whoever signed
 * would miss the image.
 *
 * @throws StoreError of `tuf` when a file cannot be read
 */
export function signedContentOf(db: Database, repository: RepositoryName): Promise<SignedContent> {
  return readTogether(db, async (tx) => {
    const files = await targetsOf(tx, repository);
    const digests = new Set<Digest>();
    const tags = new Set<string>();
    for (const { role, bytes } of files) {
      const { signed } = parseMetadata(role, bytes);
      if (signed.type !== 'Targets') continue;
      for (const [name, { hashes }] of signed.targets) {
        tags.add(name);
        for (const algorithm of ['sha256', 'sha512'] as const) {
          const hash = hashes.get(algorithm);
          if (hash) digests.add(`${algorithm}:${toHex(hash)}` as Digest);
        }
      }
    }
    const guns = [...new Set(files.map(({ gun }) => gun))];
    return { digests, tags, moment: { position: await positionOf(tx), guns } };
  });
}

/** True when nobody published metadata of the repository since that moment. */
export async function isStillSigned(
  tx: Tx,
  repository: RepositoryName,
  { position }: SignedMoment,
): Promise<boolean> {
  const row = await tx
    .selectFrom('changefeed')
    .select('id')
    .where('id', '>', position)
    .where(endsWith('gun', `/${repository}`))
    .limit(1)
    .executeTakeFirst();
  return row === undefined;
}

/** The highest version of each targets role of each GUN that ends with the repository's name. */
async function targetsOf(tx: Tx, repository: RepositoryName) {
  const heads = await tx
    .selectFrom('tuf_files')
    .select(['gun', 'role', ({ fn }) => fn.max<number>('version').as('version')])
    .where(endsWith('gun', `/${repository}`))
    .groupBy(['gun', 'role'])
    .execute();
  const files: { gun: string; role: RoleName; bytes: Uint8Array }[] = [];
  for (const { gun, role, version } of heads) {
    if (gun.indexOf('/') !== gun.length - repository.length - 1) continue;
    if (!isTargetsRole(role as RoleName)) continue;
    const { bytes } = await tx
      .selectFrom('tuf_files')
      .select('bytes')
      .where('gun', '=', gun)
      .where('role', '=', role)
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    files.push({ gun, role: role as RoleName, bytes });
  }
  return files;
}

async function positionOf(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('changefeed')
    .select(({ fn }) => fn.max<number | null>('id').as('position'))
    .executeTakeFirst();
  return row?.position ?? 0;
}
