import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fromUtf8, type Json } from '../base/index.ts';
import { payloadOf, serializeEnvelope } from './envelope.ts';
import {
  authorityOf,
  type BaseRole,
  filesOf,
  type KeyId,
  listTargets,
  type MetadataFile,
  type MetadataSource,
  parseGun,
  parseMetadata,
  parseRoleName,
  publicKey,
  type Root,
  refreshTrustedSet,
  requireFixpoint,
  requireMeta,
  rolesVouchingFor,
  signedJson,
  verifyFile,
} from './index.ts';

/* Bytes written by real docker and notary programs: see test/fixtures/notary/README.md. */

const fixtures = join(import.meta.dirname, '../../test/fixtures/notary');
/** Server timestamps live 14 days. */
const now = new Date('2026-11-21T00:00:00Z');

/** Root version, delegations in the order they are walked, and `name role by signers` of each target. */
const cases = [
  [
    'canonical-json-edge',
    1,
    [],
    ['a<b>&c é"\\ targets by targets', 'cust2 targets by targets', 'cust8 targets by targets'],
  ],
  [
    'delegations-jeff-releases',
    1,
    ['targets/jeff', 'targets/releases'],
    [
      'v1 targets/releases by targets/jeff,targets/releases',
      'v2 targets/releases by targets/jeff,targets/releases',
    ],
  ],
  ['ed25519-server-keys', 1, [], ['v1 targets by targets']],
  [
    'init-3-tags',
    1,
    [],
    ['v1 targets by targets', 'v2 targets by targets', 'v3 targets by targets'],
  ],
  ['root-cert-wildcard-cn-ca', 1, [], []],
  ['root-rotation-v4', 4, [], ['t1 targets by targets']],
  [
    'rsa-x509-ecdsa-mix',
    1,
    ['targets/releases', 'targets/rsad'],
    ['d1 targets/releases by targets/releases', 't1 targets by targets'],
  ],
  ['rsa-x509-root', 1, [], ['t1 targets by targets']],
  ['snapshot-client-managed', 6, [], ['t1 targets by targets']],
  ['snapshot-server-managed', 5, [], ['t1 targets by targets']],
] as const;

describe('what real peers signed', () => {
  for (const [name, rootVersion, delegations, signed] of cases) {
    test(`${name} verifies from its first root to its last target`, async () => {
      const set = await refresh(name, serverFile(name, '1.root.json'));
      assert.equal(set.root.version, rootVersion);
      assert.deepEqual([...set.targets.keys()], ['targets', ...delegations]);
      const found = listTargets(set).map(
        (target) => `${target.name} ${target.role} by ${rolesVouchingFor(set, target)}`,
      );
      assert.deepEqual(found, signed);
      assert.equal(filesOf(set).length, 4 + delegations.length);
    });
  }

  test('expired-timestamp is whole, and is refused because its timestamp expired', async () => {
    const [root, timestamp, snapshot, targets] = (
      ['root', 'timestamp', 'snapshot', 'targets'] as const
    ).map((role) => parseMetadata(role, serverFile('expired-timestamp', `${role}.json`)));
    assert.ok(root?.signed.type === 'Root' && timestamp && snapshot && targets);
    for (const file of [root, timestamp, snapshot, targets]) {
      verifyFile(file, authorityOf(root.signed, file.role as BaseRole));
    }
    for (const [file, by] of [
      [snapshot, timestamp],
      [root, snapshot],
      [targets, snapshot],
    ] as const) {
      const meta = 'meta' in by.signed ? by.signed.meta.get(file.role) : undefined;
      requireMeta(file.role, file.bytes, meta ?? assert.fail(), by.role);
    }
  });

  test('an expired timestamp ends the refresh', async () => {
    const root = serverFile('expired-timestamp', 'root.json');
    await assert.rejects(refresh('expired-timestamp', root), {
      code: 'TUF_EXPIRED',
      detail: { role: 'timestamp', expiresAt: '2024-01-01T00:00:00.000Z' },
    });
  });

  test('a client that still holds root version 1 walks every rotation, one version at a time', async () => {
    const asked: string[] = [];
    const folder = 'client-still-at-root-v1/tuf/example.com/n/rot/metadata';
    const anchor = readFileSync(join(fixtures, 'root-rotation-v4', folder, 'root.json'));
    const set = await refresh('root-rotation-v4', anchor, asked);
    assert.equal(set.root.version, 4);
    const last = ['timestamp', 'snapshot', 'targets'];
    assert.deepEqual(asked, ['timestamp', 'snapshot', 'root', '2.root', '3.root', ...last]);
  });

  test('no rotation can be left out', async () => {
    const anchor = serverFile('root-rotation-v4', '1.root.json');
    await assert.rejects(refresh('root-rotation-v4', anchor, [], ['3.root']), {
      code: 'TUF_UNAVAILABLE',
      detail: { role: '3.root' },
    });
  });
});

describe('key ids that real peers computed', () => {
  for (const name of [...cases.map(([each]) => each), 'expired-timestamp']) {
    test(`${name}: every key has the id it is filed under`, () => {
      for (const file of filesIn(name)) {
        const { signed } = file;
        const keys = signed.type === 'Root' ? signed.keys : keysOf(file);
        for (const [id, { keyType, bytes }] of keys) {
          assert.equal(publicKey(keyType as 'ecdsa', bytes).id, id);
        }
      }
    });
  }

  test('the canonical id of a certified key is the name of its private key file', () => {
    for (const name of [
      'init-3-tags',
      'rsa-x509-root',
      'ed25519-server-keys',
      'root-rotation-v4',
    ]) {
      const root = parseMetadata('root', serverFile(name, 'root.json'));
      const [key] = authorityOf(root.signed, 'root').keys.values();
      assert.ok(key && key.canonicalId !== key.id);
      const held = globSync(join(fixtures, name, 'client/private/*.key'));
      assert.ok(held.map((file) => basename(file, '.key')).includes(key.canonicalId), name);
    }
  });
});

describe('bytes that real peers wrote', () => {
  for (const name of [...cases.map(([each]) => each), 'expired-timestamp']) {
    test(`${name}: every file, read and written again, is the same file`, () => {
      const files = filesIn(name);
      assert.ok(files.length >= 4);
      for (const file of files) {
        requireFixpoint(file);
        const again = serializeEnvelope(file.payload, file.signatures);
        assert.equal(fromUtf8(again), fromUtf8(file.bytes));
      }
    });

    test(`${name}: so is every file written from what was understood of it`, () => {
      for (const file of filesIn(name)) {
        const json = { ...(signedJson(file.signed) as object), expires: expiresOf(file) };
        const again = serializeEnvelope(payloadOf(json as Json), file.signatures);
        assert.equal(fromUtf8(again), fromUtf8(file.bytes));
      }
    });
  }
});

function refresh(name: string, anchor: Uint8Array, asked: string[] = [], missing: string[] = []) {
  const gun = parseGun(readFileSync(join(fixtures, name, 'GUN'), 'utf8').trim());
  const answer = async (file: string) => {
    asked.push(file);
    return missing.includes(file) ? undefined : serverFile(name, `${file}.json`);
  };
  const source: MetadataSource = {
    root: (version) => answer(version === undefined ? 'root' : `${version}.root`),
    timestamp: () => answer('timestamp'),
    byHash: (role) => answer(role),
  };
  return refreshTrustedSet({ gun, anchor, source, now });
}

function serverFile(name: string, file: string): Uint8Array {
  return readFileSync(join(fixtures, name, 'server', file));
}

/** Every metadata file of a case, of the server and of the clients. */
function filesIn(name: string): MetadataFile[] {
  const found = globSync('{server,client*/tuf/*/**/metadata}/**/*.json', {
    cwd: join(fixtures, name),
  });
  return found
    .filter((path) => !path.endsWith('changefeed.json'))
    .map((path) => {
      const file = path.replace(/^.*?(?:server|metadata)\//, '').replace(/\.json$/, '');
      const role = parseRoleName(file.replace(/^\d+\./, ''));
      return parseMetadata(role, readFileSync(join(fixtures, name, path)));
    });
}

function keysOf({ signed }: MetadataFile): Root['keys'] {
  return signed.type === 'Targets' ? signed.delegations.keys : new Map<KeyId, never>();
}

function expiresOf(file: MetadataFile): Json {
  return JSON.parse(fromUtf8(file.bytes)).signed.expires;
}
