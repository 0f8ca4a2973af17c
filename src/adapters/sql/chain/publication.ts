import { isStoreError } from '../../../base/index.ts';
import { chainError, type SealFile } from '../../../chain/index.ts';
import type { Gun } from '../../../tuf/index.ts';
import type { Tx } from '../database.ts';
import { highestVersion, publishFiles } from '../trust/publish-files.ts';

/**
 * Makes sealed files the trust metadata of their GUNs, in the transaction that makes the manifest
 * and the tag visible: a consumer sees all of it or nothing.
 *
 * The files were made over the metadata as it was when they were sealed. If anybody published
 * since (a renewed timestamp is enough), they would contradict it, so the timestamp must follow
 * the stored one directly.
 *
 * @throws StoreError CHAIN_PUBLISH_CONFLICT; the transaction must then be given up
 */
export async function publishSeal(tx: Tx, files: readonly SealFile[], now: Date): Promise<void> {
  for (const [gun, ofGun] of Map.groupBy(files, (file) => file.gun)) {
    await requireUnmoved(tx, gun, ofGun);
    try {
      await publishFiles(tx, gun, ofGun, now);
    } catch (error) {
      if (!isStoreError(error) || error.code !== 'TRUST_VERSION_CONFLICT') throw error;
      const { role = '', stored: version = 0 } = error.detail;
      throw chainError('CHAIN_PUBLISH_CONFLICT', { gun, role, version }, error);
    }
  }
}

async function requireUnmoved(tx: Tx, gun: Gun, files: readonly SealFile[]): Promise<void> {
  const version = await highestVersion(tx, gun, 'timestamp');
  const timestamp = files.find((file) => file.role === 'timestamp');
  if (timestamp?.version !== version + 1) {
    throw chainError('CHAIN_PUBLISH_CONFLICT', { gun, role: 'timestamp', version });
  }
}
