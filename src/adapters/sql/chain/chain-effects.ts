import {
  type Advance,
  type Effect,
  type SawMetadata,
  type StoreFindings,
  storeOf,
} from '../../../chain/index.ts';
import { chunksOf } from '../chunks.ts';
import type { Tx } from '../database.ts';
import { lockNames } from '../write.ts';
import { findingRow } from './candidate-rows.ts';
import { linkImage, unlinkImage, unpublishImage } from './image-links.ts';
import { publishSeal } from './publication.ts';

/** What a step changes besides its candidate, in the step's transaction. */
export async function applyEffect(
  tx: Tx,
  { candidateId, at }: Advance,
  effect: Effect,
): Promise<void> {
  switch (effect.effect) {
    case 'saw-metadata':
      return sawMetadata(tx, effect, at);
    case 'store-findings':
      return storeFindings(tx, candidateId, effect);
    case 'link-image':
      return linkImage(tx, candidateId, effect, at);
    case 'unlink-image':
      return unlinkImage(tx, candidateId, effect, at);
    case 'unpublish-image':
      return unpublishImage(tx, candidateId, effect);
    case 'store-seal':
      for (const { gun, role, version, sha256, bytes } of effect.files) {
        const file = { candidate_id: candidateId, gun, role, version, sha256, bytes };
        await tx.insertInto('sealed_files').values(file).execute();
      }
      return;
    case 'drop-seal':
      await tx.deleteFrom('sealed_files').where('candidate_id', '=', candidateId).execute();
      return;
    case 'publish-seal':
      return publishSeal(tx, effect.files, at);
  }
}

/** What a step's transaction must hold before it looks at anything. */
export function locksOf({ effects }: Advance): readonly string[] {
  const names = effects.flatMap((effect) => {
    switch (effect.effect) {
      case 'link-image':
        return [effect.from, effect.to].map(lockNames.repository);
      case 'unlink-image':
        return [lockNames.repository(effect.repository)];
      case 'unpublish-image':
        return [lockNames.repository(storeOf(effect.repository))];
      case 'publish-seal':
        return effect.files.map(({ gun }) => lockNames.gun(gun));
      default:
        return [];
    }
  });
  return [lockNames.chain, ...names];
}

/** Pins and versions only ever rise, whatever order checks end in. */
async function sawMetadata(tx: Tx, { gun, pin, versions }: SawMetadata, at: Date): Promise<void> {
  await tx
    .updateTable('trust_pins')
    .set({ root_version: pin.rootVersion, root_bytes: pin.rootBytes, pinned_at: at.getTime() })
    .where('gun', '=', gun)
    .where('root_version', '<', pin.rootVersion)
    .execute();
  for (const [role, version] of versions) {
    await tx
      .insertInto('seen_versions')
      .values({ gun, role, version })
      .onConflict((conflict) =>
        conflict
          .columns(['gun', 'role'])
          .doUpdateSet({ version })
          .where('seen_versions.version', '<', version),
      )
      .execute();
  }
}

async function storeFindings(
  tx: Tx,
  candidateId: string,
  { findings }: StoreFindings,
): Promise<void> {
  await tx.deleteFrom('findings').where('candidate_id', '=', candidateId).execute();
  for (const chunk of chunksOf(findings)) {
    const rows = chunk.map((finding) => ({ candidate_id: candidateId, ...findingRow(finding) }));
    await tx.insertInto('findings').values(rows).execute();
  }
}
