import { type Digest, toHex } from '../../../base/index.ts';
import type { RepositoryName } from '../../../oci/index.ts';
import type { SignedContent, SignedMoment } from '../../../registry/index.ts';
import { isTargetsRole, parseMetadata, type RoleName } from '../../../tuf/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, Tx } from '../database.ts';
import { endsWith } from '../statements.ts';
import { readTogether } from '../write.ts';

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

/** The highest version of each targets role of each GUN that is a host and the repository's name. */
async function targetsOf(tx: Tx, repository: RepositoryName) {
  const guns = (await hostsIn(tx)).map((host) => `${host}/${repository}`);
  const files: { gun: string; role: RoleName; bytes: Uint8Array }[] = [];
  for (const some of chunksOf(guns)) {
    const heads = await tx
      .selectFrom('tuf_files')
      .select(['gun', 'role', ({ fn }) => fn.max<number>('version').as('version')])
      .where('gun', 'in', some)
      .groupBy(['gun', 'role'])
      .execute();
    for (const { gun, role, version } of heads) {
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
  }
  return files;
}

/**
 * The hosts under which anything was published: few, of which each is found by a step in the index.
 * To look for names that end alike is to walk through all metadata of the store.
 */
async function hostsIn(tx: Tx): Promise<string[]> {
  const hosts: string[] = [];
  for (let after = ''; ; ) {
    const row = await tx
      .selectFrom('tuf_files')
      .select('gun')
      .where('gun', '>', after)
      .orderBy('gun')
      .limit(1)
      .executeTakeFirst();
    if (!row) return hosts;
    const end = row.gun.indexOf('/');
    const host = row.gun.slice(0, Math.max(end, 0));
    if (end >= 0) hosts.push(host);
    // `0` is the neighbour of `/`: from its first GUN to there, all are the host's. Behind one word, as
    // behind `docker`, those of other hosts may follow, such as `docker.io`.
    after = end < 0 ? row.gun : `${host}0`;
  }
}

async function positionOf(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('changefeed')
    .select(({ fn }) => fn.max<number | null>('id').as('position'))
    .executeTakeFirst();
  return row?.position ?? 0;
}
