import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { utf8 } from '../../src/base/index.ts';
import type { RoleName } from '../../src/tuf/index.ts';
import { partsOf, type SimulatedPublisher } from '../support/simulated-publisher.ts';
import {
  byOtherRole,
  byStranger,
  changeSignature,
  envelope,
  expired,
  extraMember,
  laterExpiry,
  newerExpiry,
  newline,
  otherType,
  pretty,
  type Spoil,
  version,
  zeroInTime,
} from '../support/spoilt-files.ts';
import { edits, tag } from '../support/trust-world.ts';
import { formOf, kate, publishedOn, type WireTrust } from '../support/wire-publisher.ts';
import { type WireAnswer, type WireOptions, wireRequest } from '../support/wire-request.ts';

/*
 * What notary-server and we are asked, good, odd and hostile. In a path `BASE` is the metadata of a
 * published repository, `SHA` the sha256 of its root, `SHA_` that of its snapshot.
 */

/** One of the two servers, with a repository published on it. */
export interface Side {
  readonly trust: WireTrust;
  /** GUN of the published repository. */
  readonly gun: string;
  readonly sha: { readonly root: string; readonly snapshot: string };
  readonly now: Date;
}

/** One line of the table. */
export interface NotaryRequest {
  readonly name: string;
  readonly ask: (side: Side) => Promise<WireAnswer>;
  /** Headers that are compared as well. */
  readonly headers?: readonly string[];
  readonly differs?: Differs;
}

/** Where notary-server keeps its metadata. */
export type Backend = 'memory' | 'postgres';

/**
 * The line of docs/divergences.md, by its first column or heading, that tells why we differ: from
 * both, or from the one that is named.
 */
export type Differs = string | { readonly [backend in Backend]?: string };

const panic = 'requests at which it panics';
const panicInMemory = { memory: panic };
const checksum = 'lookup by checksum';
const zero = '`0.root.json`, `01.root.json`';
const lacking = { postgres: 'a role that the repository lacks' };
const unstorable = { postgres: 'what PostgreSQL cannot hold' };
const aSha = 'ab'.repeat(32);

// biome-ignore format: the columns line up
const reads: readonly (readonly [path: string, differs?: Differs])[] = [
  ['BASEroot.json'], ['BASEtargets.json'], ['BASEsnapshot.json'], ['BASEtimestamp.json'], ['BASEtargets/kate.json'],
  ['BASEroot.SHA.json'], ['BASEsnapshot.SHA_.json'], ['BASEroot.SHA_.json', checksum],
  ['BASEtargets.SHA.json', checksum], ['OTHERroot.SHA.json', { postgres: checksum }],
  [`BASEroot.${aSha}.json`], [`BASEroot.${aSha}${aSha}.json`], [`BASEroot.${aSha.toUpperCase()}.json`],
  [`BASEroot.${aSha.slice(1)}.json`], ['BASEroot.xyz.json'], ['BASEroot..json'],
  ['BASE1.root.json'], ['BASE2.targets.json'], ['BASE1.targets.json'], ['BASE1.targets/kate.json'], ['BASE1.timestamp.json'], ['BASE2.snapshot.json'],
  ['BASE0.root.json', { postgres: zero }], ['BASE01.root.json', zero],
  ['BASE9.root.json'], ['BASE-1.root.json'], ['BASE1.5.root.json'], ['BASE99999999999.root.json', unstorable], ['BASE99999999999999999999.root.json'],
  ['BASEtargets/none.json', lacking], ['BASEtargets/kate/none.json', lacking],
  ['BASEtargets/UPPER.json', lacking], ['BASEtargets/a..b.json', lacking],
  ['BASEtargets/.json'], ['BASEtargets/a%20b.json'], ['BASEtargets%2Fkate.json'], ['BASEnonsense.json'], ['BASEroot'], ['BASEroot.txt'],
  ['BASE'], ['BASE../tuf/root.json', 'doubled slashes'], ['BASEroot.json/'], ['BASEroot.json?x=y'], ['BASERoot.json'],
  ['NONEroot.json'], ['NONEtimestamp.json'], ['NONEsnapshot.json'], ['NONEtargets.json'], ['NONEtargets/kate.json'], ['NONE1.root.json'], [`NONEroot.${aSha}.json`],
  ['/v2/127.0.0.1%3A5000/acme/published/_trust/tuf/root.json'], ['/v2/127.0.0.1:5000%2Facme%2Fpublished/_trust/tuf/root.json'],
  ['/v2//_trust/tuf/root.json', 'doubled slashes'], ['/v2/a//b/_trust/tuf/root.json', 'doubled slashes'],
  ['/v2/a*b/_trust/tuf/root.json'], ['/v2/_trust/tuf/root.json'], ['/v2/noslash/_trust/tuf/root.json'], ['/v2/127.0.0.1:5000/UPPER/_trust/tuf/root.json'],
  [`/v2/127.0.0.1:5000/${'x/'.repeat(120)}x/_trust/tuf/root.json`], ['/v2/127.0.0.1:5000/../_trust/tuf/root.json', 'doubled slashes'],
  ['/v2/127.0.0.1:5000/acme/%00/_trust/tuf/root.json', unstorable], ['/v2/127.0.0.1:5000/acme/x/_trust/'], ['/v2/127.0.0.1:5000/acme/x/_trust/other'],
  ['/v2/'], ['/_notary_server/health'],
];

// biome-ignore format: the columns line up
const feeds: readonly (readonly [query: string, differs?: Differs])[] = [
  ['?records=10'], ['?records=1'], ['?records=-1', panicInMemory], ['?records=0'], ['?records=+1'], ['?records=01'],
  ['?records=1&change_id=0'], ['?records=1&change_id=-1'], ['?records=-1&change_id=-1'], ['?records=5&change_id=999999', { memory: 'an empty changefeed' }], ['?records=-5&change_id=999999'],
  [''], ['?records='], ['?records=x'], ['?records=1.5'], ['?records=0x10'], ['?records=1&change_id=x'], ['?records=1&change_id='],
  ['?records=99999999999999999999'], ['?records=1&change_id=99999999999999999999'], ['?records=1&records=2'], ['?RECORDS=1'],
];

/** Method and path; sent without a body. */
// biome-ignore format: the columns line up
const methods: readonly (readonly [method: string, path: string, differs?: Differs])[] = [
  ['HEAD', 'BASEroot.json', '`HEAD`'], ['HEAD', 'BASEroot.SHA.json', '`HEAD`'], ['HEAD', 'BASE1.root.json', '`HEAD`'], ['HEAD', '/v2/', '`HEAD`'], ['HEAD', 'NONEroot.json'], ['HEAD', 'BASEnonsense'],
  ['PUT', 'BASEroot.json'], ['PUT', 'BASE'], ['POST', 'BASEroot.json'], ['DELETE', 'BASEroot.json'], ['OPTIONS', 'BASEroot.json'], ['PATCH', 'BASEroot.json'],
  ['OPTIONS', 'BASE'], ['POST', '/v2/_trust/changefeed'], ['DELETE', '/v2/127.0.0.1:5000/acme/published/_trust/changefeed'],
  ['GET', 'BASEsnapshot.key'], ['GET', 'BASEtimestamp.key'], ['GET', 'NONEsnapshot.key'], ['GET', 'NONEtimestamp.key'],
  ['GET', 'BASEroot.key'], ['GET', 'BASEtargets.key'], ['GET', 'BASEtargets/kate.key'], ['GET', 'BASE.key'],
  ['POST', 'OTHERsnapshot.key'], ['POST', 'OTHERtimestamp.key'], ['POST', 'BASEroot.key'], ['POST', 'BASEtargets.key'],
  ['PUT', 'BASEsnapshot.key'], ['DELETE', 'BASEsnapshot.key'], ['DELETE', 'NONE'],
];

const spoilt: readonly RoleName[] = ['root', 'targets', kate, 'snapshot'];
const late = 'a version that is published already';
const fixpoint = 'a file that Go would write differently';

/** A spoilt file in an honest update, by role. */
// biome-ignore format: the columns line up
const attacks: readonly (readonly [way: string, spoil: Spoil, differs?: string | Partial<Record<RoleName, string>>])[] = [
  ['a changed signature', changeSignature],
  ['no signature', (file) => envelope(file, [])],
  ['a changed content', laterExpiry],
  ['the signature of a stranger', byStranger],
  ["the signature of another role's key", byOtherRole],
  ['an expiry in the past', expired],
  ['the published version', version((v) => v - 1), { root: late, targets: late, [kate]: late }],
  ['version 0', version(() => 0)],
  ['the type of another role', otherType],
  ['bytes that are no JSON', () => utf8('{')],
  ['no bytes', () => utf8('')],
  ['an empty object', () => utf8('{}'), { [kate]: panic }],
  ['another valid content', newerExpiry],
  ['a newline at the end', newline, fixpoint],
  ['white space inside', pretty, fixpoint],
  ['a member that Go drops', extraMember, fixpoint],
  ['a zero that Go trims', zeroInTime, fixpoint],
];

type Form = (honest: Map<RoleName, Uint8Array>) => { type?: string; body: Uint8Array };
const plain =
  (name: string, bytes = utf8('{}')): Form =>
  () =>
    formOf([[name, bytes]]);
const text =
  (type: string | undefined, body: string): Form =>
  () => ({
    ...(type === undefined ? {} : { type }),
    body: utf8(body),
  });
const multipart = 'multipart/form-data; boundary=x';

/** Forms around honest or odd files. */
// biome-ignore format: the columns line up
const forms: readonly (readonly [what: string, form: Form, differs?: Differs])[] = [
  ['an honest update', (honest) => formOf(honest)],
  ['filenames with .json', (honest) => formOf([...honest].map(([role, bytes]) => [`${role}.json`, bytes]))],
  ['parts in another order', (honest) => formOf([...honest].reverse())],
  ['a role twice, the later one right', (honest) => formOf([['targets', utf8('{}')], ...honest])],
  ['a role twice, the later one wrong', (honest) => formOf([...honest, ['targets', utf8('{}')]])],
  ['a timestamp as well', (honest) => formOf([...honest, ['timestamp', honest.get('targets') ?? utf8('')]])],
  ['a quoted boundary', (honest) => ({ ...formOf(honest), type: 'multipart/form-data; boundary="b0undary"' })],
  ['a long boundary', (honest) => formOf(honest, 'x'.repeat(70))],
  ['no parts', () => formOf([]), 'an empty update, or a timestamp alone'],
  ['a role that is none', plain('nonsense')],
  ['a role in capitals', plain('Targets')],
  ['a delegation of root', plain('root/x')],
  ['a delegation in capitals', plain('targets/UPPER')],
  ['a delegation with dots', plain('targets/../x')],
  ['a delegation of all', plain('targets/*')],
  ['a filename that is a path', plain('../../etc/passwd')],
  ['an empty filename', plain('')],
  ['no filename', text(multipart, '--x\r\nContent-Disposition: form-data; name="files"\r\n\r\n{}\r\n--x--\r\n')],
  ['no disposition', text(multipart, '--x\r\nContent-Type: text/plain\r\n\r\n{}\r\n--x--\r\n'), 'an upload that is not as notary sends it'],
  ['bare line feeds', text(multipart, '--x\nContent-Disposition: form-data; name="files"; filename="root"\n\n{}\n--x--\n'), 'an upload that is not as notary sends it'],
  ['a preamble', text(multipart, 'hello\r\n--x\r\nContent-Disposition: form-data; name="files"; filename="root"\r\n\r\n{\r\n--x--\r\n'), 'an upload that is not as notary sends it'],
  ['no last boundary', text(multipart, '--x\r\nContent-Disposition: form-data; name="files"; filename="root"\r\n\r\n{'), 'an upload that is not as notary sends it'],
  ['another boundary', text('multipart/form-data; boundary=y', '--x\r\n\r\n--x--\r\n'), panic],
  ['no boundary', text('multipart/form-data', '--x--\r\n')],
  ['an empty body', text(multipart, ''), panic],
  ['JSON', text('application/json', '{}')],
  ['a form of fields', text('application/x-www-form-urlencoded', 'a=b')],
  ['mixed parts', text('multipart/mixed; boundary=x', '--x--\r\n'), 'an upload that is not as notary sends it'],
  ['no type', text(undefined, 'x')],
  ['JSON nested deeply', plain('targets', utf8('['.repeat(5000)))],
  ['JSON that is a list', plain('targets', utf8('[]')), 'JSON of another shape'],
  ['a version that is a text', plain('targets', utf8('{"signed":{"_type":"Targets","version":"2"},"signatures":[]}')), 'JSON of another shape'],
  ['no signed part', plain('targets', utf8('{"signatures":[]}'))],
];

export const notaryRequests: readonly NotaryRequest[] = [
  ...reads.map(([path, differs]) => row(`GET ${path}`, (side) => send(side, 'GET', path), differs)),
  ...feeds.map(([query, differs]) =>
    row(
      `GET changefeed${query}`,
      (side) => send(side, 'GET', `/v2/${side.gun}/_trust/changefeed${query}`),
      differs,
    ),
  ),
  row('GET changefeed of all', (side) => send(side, 'GET', '/v2/_trust/changefeed?records=1')),
  row('GET changefeed of none', (side) =>
    send(side, 'GET', '/v2/127.0.0.1:5000/acme/none/_trust/changefeed?records=1'),
  ),
  ...methods.map(([method, path, differs]) =>
    row(`${method} ${path}`, (side) => send(side, method, path), differs),
  ),
  ...[
    ['content-type', '`Content-Type` of metadata and keys'],
    ['cache-control', 'caching of `<role>.json`'],
    ['last-modified', '`Last-Modified`'],
    ['etag', '`ETag`, `If-None-Match`'],
  ].map(([header = '', differs = '']) => ({
    name: `${header} of timestamp.json`,
    ask: (side: Side) => send(side, 'GET', 'BASEtimestamp.json'),
    headers: [header],
    differs,
  })),
  {
    name: 'cache-control by checksum',
    ask: (side) => send(side, 'GET', 'BASEroot.SHA.json'),
    headers: ['cache-control'],
    differs: 'caching by checksum',
  },
  {
    name: 'cache-control by version',
    ask: (side) => send(side, 'GET', 'BASE1.root.json'),
    headers: ['cache-control'],
    differs: 'caching by version',
  },
  {
    name: 'content-type of a key',
    ask: (side) => send(side, 'GET', 'BASEtimestamp.key'),
    headers: ['content-type'],
    differs: '`Content-Type` of metadata and keys',
  },
  {
    name: 'content-type of a changefeed',
    ask: (side) => send(side, 'GET', `/v2/${side.gun}/_trust/changefeed?records=1`),
    headers: ['content-type'],
    differs: '`Content-Type` of metadata and keys',
  },
  {
    name: 'content-type and caching of an error',
    ask: (side) => send(side, 'GET', 'NONEroot.json'),
    headers: ['content-type', 'cache-control'],
  },
  row(
    'a conditional GET',
    async (side) => {
      const { headers } = await send(side, 'GET', 'BASEroot.json');
      return send(side, 'GET', 'BASEroot.json', {
        headers: { 'if-none-match': headers.etag ?? '"none"' },
      });
    },
    '`ETag`, `If-None-Match`',
  ),
  ...attacks.flatMap(([way, spoil, differs]) =>
    spoilt.map((role) =>
      row(
        `POST an update whose ${role} has ${way}`,
        async (side) => {
          const { publisher, honest } = await begun(side);
          const parts = partsOf(honest);
          parts.set(role, await spoil(honest.get(role) ?? assert.fail(), publisher));
          return side.trust.upload(publisher.gun, parts);
        },
        typeof differs === 'object' ? differs[role] : differs,
      ),
    ),
  ),
  ...forms.map(([what, form, differs]) =>
    row(
      `POST ${what}`,
      async (side) => {
        const { publisher, honest } = await begun(side);
        const { type, body } = form(partsOf(honest));
        return send(side, 'POST', `/v2/${publisher.gun}/_trust/tuf/`, {
          headers: type === undefined ? {} : { 'content-type': type },
          body,
        });
      },
      differs,
    ),
  ),
  row('POST a first update without a root', async (side) => {
    const { publisher, honest } = await begun(side);
    await send(side, 'DELETE', `/v2/${publisher.gun}/_trust/tuf/`);
    return side.trust.upload(
      publisher.gun,
      [...partsOf(honest)].filter(([role]) => role !== 'root'),
    );
  }),
  row('POST a repository made for another GUN', async (side) => {
    const { honest } = await begun(side);
    return side.trust.upload(freshGun(), partsOf(honest));
  }),
  row('POST to a GUN of one word', async (side) => {
    const { gun } = await publishedOn(side.trust, `example-${randomUUID()}`, side.now);
    return send(side, 'GET', `/v2/${gun}/_trust/tuf/timestamp.json`);
  }),
  ...[
    '127.0.0.1:5000/ACME/App',
    'My Collection',
    'é/名/😀',
    'x/_trust/tuf/y',
    '[a]/b;c"d',
    'x'.repeat(218),
  ].map((name) =>
    row(`POST to the GUN ${name.slice(0, 30)}`, async (side) => {
      const { gun } = await publishedOn(side.trust, `${name}${randomUUID()}`, side.now);
      return send(side, 'GET', `/v2/${encodeURI(gun)}/_trust/tuf/targets/kate.json`);
    }),
  ),
  row('GET of a GUN in other capitals', async (side) => {
    const { gun } = await publishedOn(side.trust, `Acme/${randomUUID()}`, side.now);
    return send(side, 'GET', `/v2/${gun.toLowerCase()}/_trust/tuf/root.json`);
  }),
  ...['a%3Fb', 'a%23b', 'a%2541', 'a%09b', 'a%5Cb', 'a%E2%80%8Bb', '%20a', '-a'].map((path) =>
    row(
      `GET a key of ${path}`,
      (side) => send(side, 'GET', `/v2/${path}/_trust/tuf/timestamp.key`),
      'GUNs',
    ),
  ),
  row('GET a key of a GUN with a star', (side) =>
    send(side, 'GET', '/v2/a*b/_trust/tuf/timestamp.key'),
  ),
  row('DELETE, then GET', async (side) => {
    const { publisher } = await begun(side);
    const gone = await send(side, 'DELETE', `/v2/${publisher.gun}/_trust/tuf/`);
    assert.deepEqual([gone.status, gone.body.length], [200, 0]);
    return send(side, 'GET', `/v2/${publisher.gun}/_trust/tuf/timestamp.json`);
  }),
  row(
    'DELETE, then a first update by somebody else, then its timestamp',
    async (side) => {
      const { publisher } = await begun(side);
      await send(side, 'DELETE', `/v2/${publisher.gun}/_trust/tuf/`);
      await publishedOn(side.trust, publisher.gun, side.now);
      return send(side, 'GET', `/v2/${publisher.gun}/_trust/tuf/timestamp.json`);
    },
    'Versions after a DELETE',
  ),
  row(
    'POST 17 MiB',
    (side) => side.trust.upload(freshGun(), [['root', utf8(' '.repeat(17 * 2 ** 20))]]),
    'size',
  ),
  row(
    'DELETE, then changefeed',
    async (side) => {
      const { publisher } = await begun(side);
      await send(side, 'DELETE', `/v2/${publisher.gun}/_trust/tuf/`);
      return send(side, 'GET', `/v2/${publisher.gun}/_trust/changefeed?records=-1`);
    },
    panicInMemory,
  ),
];

function row(name: string, ask: NotaryRequest['ask'], differs?: Differs): NotaryRequest {
  return differs === undefined ? { name, ask } : { name, ask, differs };
}

function send(side: Side, method: string, path: string, options: WireOptions = {}) {
  const asked = path
    .replace('BASE', `/v2/${side.gun}/_trust/tuf/`)
    .replace('OTHER', '/v2/127.0.0.1:5000/acme/other/_trust/tuf/')
    .replace('NONE', '/v2/127.0.0.1:5000/acme/none/_trust/tuf/')
    .replace('SHA_', side.sha.snapshot)
    .replace('SHA', side.sha.root);
  return wireRequest(`${side.trust.origin}${asked}`, { method, ...options });
}

/** A repository of its own, and an honest update of all its roles, not published. */
async function begun(side: Side) {
  const publisher: SimulatedPublisher = await publishedOn(side.trust, freshGun(), side.now, {
    holdsSnapshot: true,
  });
  const targets = edits([
    ['targets', tag('v1')],
    [kate, tag('v1')],
  ]);
  const honest = await publisher.update({ root: (root) => root, targets }, side.now);
  return { publisher, honest };
}

function freshGun(): string {
  return `127.0.0.1:5000/acme/${randomUUID()}`;
}
