import assert from 'node:assert/strict';
import type { JudgedFinding } from '../../src/chain/finding.ts';
import { makeFinding, type Severity } from '../../src/findings/index.ts';
import { type Gun, refreshTrustedSet } from '../../src/tuf/index.ts';
import type { ChainWorld } from './chain-world.ts';

/** What {@link linksIn} finds where nothing was left behind. */
export const nothing = { manifests: [], blobs: [], tags: [] };

/** The digests of all that a repository holds. */
export async function linksIn(world: ChainWorld, repository: string) {
  const digests = async (table: 'repository_manifests' | 'repository_blobs' | 'tags') =>
    (
      await world.db
        .selectFrom(table)
        .select('digest')
        .where('repository', '=', repository)
        .orderBy('digest')
        .execute()
    ).map(({ digest }) => digest);
  return {
    manifests: await digests('repository_manifests'),
    blobs: await digests('repository_blobs'),
    tags: await digests('tags'),
  };
}

/** What a consumer verifies who sees the repository for the first time. */
export async function consumerSet(world: ChainWorld, gun: Gun) {
  const bytes = async (stored: Promise<{ bytes: Uint8Array } | undefined>) => (await stored)?.bytes;
  const { metadata, now } = world;
  const root = await metadata.current(gun, 'root');
  const source = {
    root: () => bytes(metadata.current(gun, 'root')),
    timestamp: () => bytes(metadata.current(gun, 'timestamp')),
    byHash: (role: Parameters<typeof metadata.byChecksum>[1], sha256: string) =>
      bytes(metadata.byChecksum(gun, role, sha256)),
  };
  return refreshTrustedSet({ gun, anchor: root?.bytes ?? assert.fail(), source, now });
}

/** A finding as the policy judges it. */
export function finding(severity: Severity, ...marks: ('blocks' | 'needsReason')[]): JudgedFinding {
  const found = makeFinding({
    rule: 'HYGIENE_TEST',
    severity,
    title: `a ${severity} finding`,
    detail: 'with a line\nbreak',
    remedy: 'none',
    subject: severity,
  });
  const blocks = marks.includes('blocks');
  return { ...found, blocks, needsReason: marks.includes('needsReason') };
}
