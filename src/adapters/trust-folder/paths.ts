import { join } from 'node:path';
import type { Gun, RoleName } from '../../tuf/index.ts';

/*
 * The trust folder, `~/.docker/trust` for docker and for us. Folders 0700, files 0600.
 *
 *   private/<canonical key id>.key            a private key; any depth below private/ is read
 *   tuf/<GUN>/metadata/<role>.json            the latest verified file of each role, as served
 *   tuf/<GUN>/metadata/targets/<name>.json    of delegations
 *   tuf/<GUN>/changelist/<order>_<uuid>.change  a change that waits for the next publish; <order> is
 *                                             the time in nanoseconds, 20 digits
 *
 * A GUN is used as a path as it is: it holds no `.` component, since only `parseGun` makes one. On a disk
 * that knows no capitals, `Acme/app` and `acme/app` share a folder, as in notary: whichever is opened
 * second is refused, since the root kept there is in another's name.
 * Before notary 0.4 keys lay elsewhere; they are read there and not moved:
 *
 *   private/root_keys/<id>_root.key           role in the name, later in a header
 *   private/tuf_keys/<GUN>/<id>_<role>.key
 */

export function privateFolder(trust: string): string {
  return join(trust, 'private');
}

export function keyFile(trust: string, keyId: string): string {
  return join(privateFolder(trust), `${keyId}.key`);
}

export function metadataFolder(trust: string, gun: Gun): string {
  return join(trust, 'tuf', gun, 'metadata');
}

export function metadataFile(trust: string, gun: Gun, role: RoleName): string {
  return join(metadataFolder(trust, gun), `${role}.json`);
}

export function changelistFolder(trust: string, gun: Gun): string {
  return join(trust, 'tuf', gun, 'changelist');
}

/** What a file of a changelist is called, and in which order it comes. */
export const changeFileName = /^([0-9]{20})_[0-9a-f-]{36}\.change$/;

/** One that is being written, beside its changelist. */
export const begunChange = /^changelist\.[0-9a-f]{12}\.tmp$/;

/** What the path of a key says, for those whose headers do not: `private/` is stripped already. */
export function keyPlace(path: string): { keyId: string; role?: string; gun?: string } {
  const [, folder = '', keyId = '', role] =
    /^(?:(.*)\/)?([0-9a-f]{64})(?:_([^/]*))?\.key$/s.exec(path) ?? [];
  const gun = /^tuf_keys\/(.+)$/s.exec(folder)?.[1];
  return { keyId, ...(role && { role }), ...(gun && { gun }) };
}
