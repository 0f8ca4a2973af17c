import {
  type FileMeta,
  parseDelegationName,
  parseGun,
  releasesRole,
  type Targets,
  type TargetsRole,
  withSigner,
} from '../src/tuf/index.ts';
import { newSigner, partsOf, SimulatedPublisher } from '../test/support/simulated-publisher.ts';
import { WireTrust } from '../test/support/wire-publisher.ts';

/**
 * Publishes a repository as `docker trust sign` leaves it: each tag stands in the delegation of its
 * signer and in `targets/releases`.
 */
export async function publishSignedTags(
  origin: string,
  name: string,
  tags: ReadonlyMap<string, FileMeta>,
): Promise<void> {
  const now = new Date();
  const trust = new WireTrust(origin);
  const publisher = new SimulatedPublisher(trust, parseGun(name), now);
  const send = async (files: Parameters<typeof partsOf>[0]) => {
    const { status, body } = await trust.upload(name, partsOf(files));
    if (status !== 200) throw new Error(`${name}: ${status} ${body}`);
  };
  await send(await publisher.initialise(now));
  const jeff = newSigner();
  const roles = [parseDelegationName('targets/jeff'), releasesRole];
  for (const role of roles) publisher.signers.set(role, [jeff]);
  const targets = new Map<TargetsRole, (own: Targets) => Targets>([
    ['targets', (own: Targets) => withSigner(own, 'jeff', [jeff.key])],
    ...roles.map((role) => [role, (own: Targets) => ({ ...own, targets: tags })] as const),
  ]);
  await send(await publisher.update({ targets }, now));
}

/** So many tags, each with a digest of its own. */
export function someTags(count: number): Map<string, FileMeta> {
  const meta = () => ({
    sizeBytes: 528,
    hashes: new Map([['sha256', crypto.getRandomValues(new Uint8Array(32))]]),
  });
  return new Map(Array.from({ length: count }, (_, i) => [`v1.${i}`, meta()]));
}
