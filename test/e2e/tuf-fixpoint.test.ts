import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  canonicalJsonOlpc,
  fromUtf8,
  type Json,
  parseJson,
  toBase64,
  utf8,
} from '../../src/base/index.ts';
import {
  authorityOf,
  newRepository,
  parseGun,
  parseMetadata,
  parsePublicKey,
  releasesRole,
  requireFixpoint,
  signedJson,
  signFile,
  verifyFile,
  withDelegation,
} from '../../src/tuf/index.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { makeRootSigner, makeSigner } from '../support/simulated-repository.ts';
import { wireRequest } from '../support/wire-request.ts';

/*
 * A real notary-server 0.7.0 takes an upload of targets, writes it again, and lists the hash of
 * what it wrote. `kept`: that is the hash of what was uploaded, and so must we take the file.
 * `lost`: it is not, or the server refused; the repository would be unreadable, and so must we
 * refuse. `stricter`: the server keeps it and we refuse it for another reason, given beside it.
 */

const now = new Date();
const H = '"hashes":{"sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"length":5';
type Change = (text: string) => string;

// biome-ignore format: a table
const cases: readonly (readonly [what: string, change: Change, expected: 'kept' | 'lost' | 'stricter'])[] = [
  ['nothing',                  (text) => text,                                       'kept'],
  ['whole seconds',            swap('.123Z', 'Z'),                                   'kept'],
  ['another zone',             swap('.123Z', '-08:00'),                              'kept'],
  ['the zone +00:00',          swap('.123Z', '+00:00'),                              'lost'],
  ['a zero too many',          swap('.123Z', '.120Z'),                               'lost'],
  ['ten digits of a second',   swap('.123Z', '.1234567891Z'),                        'lost'],
  ['no day of ours',           swap('.123Z', '+24:00'),                              'stricter'],
  ['keyids null',              swap(/"keyids":\[[^\]]*\]/, '"keyids":null'),         'kept'],
  ['roles null',               swap(/"roles":\[.*\]\},"exp/, '"roles":null},"exp'),  'kept'],
  ['keys null',                swap(/"keys":\{.*\},"roles":\[.*\]\},"exp/, '"keys":null,"roles":[]},"exp'), 'lost'],
  ['no delegations',           swap(/"delegations":.*,"expires"/, '"expires"'),      'lost'],
  ['targets null',             swap('"targets":{}', '"targets":null'),               'kept'],
  ['no targets',               swap(',"targets":{}', ''),                            'lost'],
  ['no paths',                 swap(',"paths":[""]', ''),                            'kept'],
  ['empty paths',              swap('"paths":[""]', '"paths":[]'),                   'lost'],
  ['an unknown member',        swap('"version"', '"unknown":1,"version"'),           'lost'],
  ['a private key',            swap('"private":null', '"private":"AAAA"'),           'stricter'],
  ['a slash escaped',          swap('"targets/releases"', '"targets\\/releases"'),   'lost'],
  ['a delegation twice',       swap(/"roles":\[(.*)\]\},"exp/, '"roles":[$1,$1]},"exp'), 'stricter'],
  ['a letter that HTML knows', target(`"a\\u003cb":{${H}}`),                         'kept'],
  ['the same unescaped',       target(`"a<b":{${H}}`),                               'lost'],
  ['the same in capitals',     target(`"a\\u003Cb":{${H}}`),                         'lost'],
  ['a line separator',         target(`"a\\u2028b":{${H}}`),                         'kept'],
  ['a letter escaped',         target(`"\\u00e9":{${H}}`),                           'lost'],
  ['a tab',                    target(`"a\\tb":{${H}}`),                             'lost'],
  ['numbers sorted as text',   target(`"10":{${H}},"9":{${H}}`),                     'kept'],
  ['numbers sorted as numbers', target(`"9":{${H}},"10":{${H}}`),                    'lost'],
  ['sorted by UTF-8',          target(`"\uffff":{${H}},"\u{1f600}":{${H}}`),         'kept'],
  ['sorted by UTF-16',         target(`"\u{1f600}":{${H}},"\uffff":{${H}}`),         'lost'],
  ['hashes null',              target('"a":{"hashes":null,"length":5}'),             'kept'],
  ['no hashes',                target('"a":{"length":5}'),                           'lost'],
  ['a sha256 of 3 bytes',      target('"a":{"hashes":{"sha256":"AAAA"},"length":5}'), 'stricter'],
  ['custom after hashes',      target(`"a":{${H},"custom":1}`),                      'lost'],
  ['custom unsorted',          target(`"a":{"custom":{"z":1,"a":"\\u00e9\\n"},${H}}`), 'kept'],
  ['custom with white space',  target(`"a":{"custom":{"a": 1},${H}}`),               'lost'],
  ['custom unescaped',         target(`"a":{"custom":"<",${H}}`),                    'lost'],
  ['custom null',              target(`"a":{"custom":null,${H}}`),                   'lost'],
  ['custom 1e3',               target(`"a":{"custom":1e3,${H}}`),                    'kept'],
];

let peers: ReferencePair;
before(async () => {
  peers = await startReferencePair();
});
after(() => peers[Symbol.asyncDispose]());

for (const [index, [what, change, expected]] of cases.entries()) {
  test(`notary-server and we agree on ${what}: ${expected}`, async () => {
    const gun = parseGun(`example.com/fixpoint/case${index}`);
    const trust = `${peers.trustServer}/v2/${gun}/_trust/tuf`;
    const keyOf = async (role: string) =>
      parsePublicKey(parseJson((await wireRequest(`${trust}/${role}.key`)).body));
    const [owner, publisher, releaser] = [makeRootSigner(gun, now), makeSigner(), makeSigner()];
    const { root, targets } = newRepository({
      ...{ gun, now, rootKey: owner.key, targetsKey: publisher.key },
      ...{ snapshotKey: await keyOf('snapshot'), timestampKey: await keyOf('timestamp') },
    });
    const content = withDelegation(targets, { name: releasesRole, keys: [releaser.key] });
    const expiresAt = new Date(targets.expiresAt.setUTCMilliseconds(123));
    const plain = fromUtf8(canonicalJsonOlpc(signedJson({ ...content, expiresAt })));
    const text = change(plain);
    if (what !== 'nothing') assert.notEqual(text, plain);
    const payload = canonicalJsonOlpc(JSON.parse(text) as Json);
    const { keyId, method, bytes } = await publisher.sign(payload);
    const signature = `{"keyid":"${keyId}","method":"${method}","sig":"${toBase64(bytes)}"}`;
    const upload = utf8(`{"signed":${text},"signatures":[${signature}]}`);

    const rootFile = await signFile('root', root, [owner]);
    const kept = await notaryKeeps(trust, { root: rootFile.bytes, targets: upload });
    const take = () =>
      requireFixpoint(verifyFile(parseMetadata('targets', upload), authorityOf(root, 'targets')));
    assert.equal(kept, expected !== 'lost');
    if (expected === 'kept') assert.ok(take());
    else assert.throws(take, { code: /^TUF_(NOT_FIXPOINT|MALFORMED)$/ });
  });
}

async function notaryKeeps(trust: string, parts: { [role: string]: Uint8Array }): Promise<boolean> {
  const form = new FormData();
  for (const [role, bytes] of Object.entries(parts))
    form.append('files', new Blob([Uint8Array.from(bytes)]), role);
  const encoded = new Response(form);
  const type = encoded.headers.get('content-type') ?? '';
  const body = new Uint8Array(await encoded.arrayBuffer());
  const { status } = await wireRequest(`${trust}/`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  if (status !== 200) return false;
  const snapshot = parseMetadata('snapshot', (await wireRequest(`${trust}/snapshot.json`)).body);
  const listed = snapshot.signed.meta.get('targets')?.hashes.get('sha256') ?? assert.fail();
  return createHash('sha256')
    .update(parts.targets ?? assert.fail())
    .digest()
    .equals(listed);
}

function swap(from: string | RegExp, to: string): Change {
  return (text) => text.replace(from, to);
}

function target(entry: string): Change {
  return (text) => text.replace('"targets":{}', () => `"targets":{${entry}}`);
}
