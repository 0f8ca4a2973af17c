import assert from 'node:assert/strict';
import type { TrustServer } from '../../src/trust/index.ts';
import {
  type Gun,
  type MetadataSource,
  parseMetadata,
  type RoleName,
  refreshTrustedSet,
} from '../../src/tuf/index.ts';

/**
 * Names of all targets that a consumer finds who starts at the first root.
 * @throws StoreError of whatever does not verify; nothing at all may be passed over
 */
export async function consumerSees(server: TrustServer, gun: Gun, now: Date): Promise<string[]> {
  const bytes = async (file: Promise<{ bytes: Uint8Array } | undefined>) => (await file)?.bytes;
  const source: MetadataSource = {
    root: (version?: number) =>
      bytes(
        version === undefined
          ? server.current(gun, 'root', now)
          : server.byVersion(gun, 'root', version),
      ),
    timestamp: () => bytes(server.current(gun, 'timestamp', now)),
    byHash: (role: RoleName, sha256: string) => bytes(server.byChecksum(gun, role, sha256)),
  };
  const anchor = (await server.byVersion(gun, 'root', 1))?.bytes ?? assert.fail('there is no root');
  assert.equal(parseMetadata('root', anchor).version, 1);
  const set = await refreshTrustedSet({ gun, anchor, source, now, seen: new Map() });
  assert.deepEqual([...set.skipped.keys()], []);
  return [...set.targets.values()].flatMap(({ file }) => [...file.signed.targets.keys()]).sort();
}
