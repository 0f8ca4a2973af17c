import { toHex } from '../../base/index.ts';
import type { RoleChange } from '../../client/index.ts';

/** A staged change in notary's words, and what it comes to. */
export interface ChangeWords {
  readonly action: 'create' | 'update' | 'delete';
  readonly role: string;
  readonly type: 'target' | 'delegation' | 'witness';
  /** The tag; empty for what is none. */
  readonly path: string;
  readonly detail: string;
}

/** @see notary 0.7.0 cmd/notary/tuf.go tufStatus, which has all but the last */
export function describeChange(change: RoleChange): ChangeWords {
  switch (change.kind) {
    case 'create-target': {
      const { role, name, meta } = change;
      // sha256 first: it is what docker pulls.
      const hashes = [...meta.hashes].sort(
        ([a], [b]) => Number(b === 'sha256') - Number(a === 'sha256'),
      );
      const digests = hashes.map(([algorithm, hash]) => `${algorithm}:${toHex(hash)}`);
      const custom = meta.custom === undefined ? '' : ', custom data';
      const detail = `${digests.join(', ')} (${meta.sizeBytes} bytes${custom})`;
      return { action: 'create', role, type: 'target', path: name, detail };
    }
    case 'delete-target':
      return { action: 'delete', role: change.role, type: 'target', path: change.name, detail: '' };
    case 'add-delegation': {
      const ids = change.keys.map(({ canonicalId }) => canonicalId);
      const detail = listed('add', ids, change.paths);
      return { action: 'create', role: change.name, type: 'delegation', path: '', detail };
    }
    case 'trim-delegation': {
      const { keyIds, paths, isEveryPath = false } = change;
      const detail = isEveryPath
        ? listed('remove', keyIds, [], 'every prefix')
        : listed('remove', keyIds, paths);
      return { action: 'update', role: change.name, type: 'delegation', path: '', detail };
    }
    case 'purge-keys': {
      const detail = listed('remove', change.keyIds, []);
      return { action: 'update', role: 'targets/*', type: 'delegation', path: '', detail };
    }
    case 'remove-delegation':
      return { action: 'delete', role: change.name, type: 'delegation', path: '', detail: '' };
    case 'witness':
      return { action: 'update', role: change.role, type: 'witness', path: '', detail: '' };
    case 'witness-root':
      return { action: 'update', role: 'root', type: 'witness', path: '', detail: '' };
  }
}

function listed(
  verb: string,
  keyIds: readonly string[],
  paths: readonly string[],
  ...more: readonly string[]
): string {
  const keys = keyIds.map((id) => `key ${id}`);
  const prefixes = paths.map((path) => (path === '' ? 'all tags' : `prefix ${path}`));
  return `${verb} ${[...keys, ...prefixes, ...more].join(', ')}`;
}
