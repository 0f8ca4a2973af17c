import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf, parseDigest, utf8 } from '../../src/base/index.ts';
import type {
  Admissions,
  Advance,
  Candidates,
  Change,
  Effect,
  JudgedFinding,
  Opening,
  SealFile,
  Subject,
} from '../../src/chain/index.ts';
import { parseStagingRepository, restoreCandidate } from '../../src/chain/index.ts';
import { makeFinding } from '../../src/findings/index.ts';
import { mediaTypes, parseRepositoryName, parseTag } from '../../src/oci/index.ts';
import { pushManifest, type RegistryIndex } from '../../src/registry/index.ts';
import type { MetadataStore } from '../../src/trust/index.ts';
import { type Gun, parseGun, type RoleName } from '../../src/tuf/index.ts';

/** A database of which the chain's ports are one view; each test gets an empty one. */
export interface ChainStores extends AsyncDisposable {
  readonly candidates: Candidates;
  readonly admissions: Admissions;
  /** Other views of the same database. */
  readonly registry: RegistryIndex;
  readonly metadata: MetadataStore;
}

const staging = parseStagingRepository('staging/acme/app');
const certification = parseRepositoryName('certification/acme/app');
const inStore = parseRepositoryName('store/acme/app');
const gun = parseGun(`localhost:5443/${staging}`);
const storeGun = parseGun('localhost:5443/store/acme/app');
const tag = parseTag('1');
const at = new Date('2026-11-20T12:00:00Z');
const later = (seconds: number) => new Date(at.getTime() + seconds * 1_000);

/** What everything must do that keeps candidates. */
export function chainStoresContract(name: string, open: () => Promise<ChainStores>): void {
  describe(`the chain's stores: ${name}`, () => {
    test('a row of the changefeed waits until it was admitted or skipped, oldest first', async () => {
      await using stores = await open();
      for (const role of ['a', 'b', 'c']) await publish(stores, `${gun}/${role}` as Gun);
      const { admissions } = stores;
      const ids = async () => (await admissions.waiting(10)).map(({ id }) => id);
      assert.deepEqual(await ids(), [1, 2, 3]);
      assert.equal((await admissions.waiting(2)).length, 2);
      await admissions.skip(1);
      assert.deepEqual(await ids(), [2, 3]);
      await admissions.admit(admission(await firstOf(admissions), []));
      assert.deepEqual(await ids(), [3]);
      await admissions.skip(1);
      assert.deepEqual(await ids(), [3], 'the cursor never goes back');
    });

    test('a row is admitted once, a tag and digest opened once, a pin set once', async () => {
      await using stores = await open();
      const { admissions, candidates } = stores;
      for (const role of ['a', 'b']) await publish(stores, `${gun}/${role}` as Gun);
      const pin = { rootVersion: 1, rootBytes: utf8('root') };
      const first = await firstOf(admissions);
      const openings = [opening({ id: 'a' }), opening({ id: 'b', tag: parseTag('2') })];
      const opened = await admissions.admit({ ...admission(first, openings), pin });
      assert.deepEqual(opened, ['a', 'b']);
      assert.deepEqual(await admissions.admit(admission(first, [opening({ id: 'c' })])), []);
      const again = [opening({ id: 'd' }), opening({ id: 'e', digest: digestOf(utf8('e')) })];
      const other = { ...pin, rootBytes: utf8('other') };
      const second = await firstOf(admissions);
      assert.deepEqual(await admissions.admit({ ...admission(second, again), pin: other }), ['e']);
      assert.deepEqual(await admissions.pin(gun), pin);
      const known = [...(await admissions.known(staging))].sort();
      assert.deepEqual(known, [`1 ${digest}`, `1 ${digestOf(utf8('e'))}`, `2 ${digest}`].sort());
      const history = await candidates.history(0, 10);
      assert.deepEqual(
        history.map(({ position, candidateId }) => `${position} ${candidateId}`),
        ['1 a', '2 b', '3 e'],
      );
    });

    test('a record is the row with its own history and evidence', async () => {
      await using stores = await opened(await open(), ['a', 'b']);
      const record = await stores.candidates.record('a');
      assert.equal(record?.history.length, 1);
      assert.equal(restoreCandidate(record).subject.id, 'a');
      assert.deepEqual(record.job, {
        candidateId: 'a',
        repository: staging,
        job: 'check',
        tryAt: at,
        tries: 0,
      });
      assert.equal(await stores.candidates.record('nobody'), undefined);
    });

    test('an advance from another state than the candidate is in changes nothing', async () => {
      await using stores = await opened(await open(), ['a']);
      const { candidates } = stores;
      const findings: Effect = { effect: 'store-findings', findings: [finding('low', 'x')] };
      const wrong = advance({ from: 'checked', to: 'copied', effects: [findings] });
      await assert.rejects(candidates.advance(wrong), { code: 'CHAIN_STATE_CHANGED' });
      await assert.rejects(candidates.advance({ ...wrong, candidateId: 'nobody' }), {
        code: 'CHAIN_STATE_CHANGED',
      });
      assert.deepEqual(await candidates.findings('a'), []);
      assert.equal((await candidates.history(0, 10)).length, 1);
    });

    test('an effect that fails takes all of the advance back', async () => {
      await using stores = await opened(await open(), ['a']);
      const { candidates } = stores;
      const image = { manifests: [part(digest)], blobs: [] };
      const link: Effect = {
        effect: 'link-image',
        from: staging,
        to: certification,
        tag,
        image,
      };
      const findings: Effect = { effect: 'store-findings', findings: [finding('low', 'x')] };
      const gone = advance({ effects: [findings, link] });
      await assert.rejects(candidates.advance(gone), { code: 'CHAIN_IMAGE_GONE' });
      const [summary] = await candidates.list({});
      assert.deepEqual([summary?.state, summary?.findings.total], ['admitted', 0]);
    });

    test('findings are replaced, counted, and come back whole, worst first', async () => {
      await using stores = await opened(await open(), ['a', 'b']);
      const { candidates } = stores;
      const mild = { ...finding('note', 'mild'), platforms: ['linux/amd64'], aliases: ['CVE-1'] };
      const bad = { ...finding('critical', 'bad'), blocks: true };
      const middling = { ...finding('medium', 'middling'), needsReason: true };
      const store = (findings: readonly JudgedFinding[]): Effect => ({
        effect: 'store-findings',
        findings,
      });
      await candidates.advance(advance({ effects: [store([bad])] }));
      await candidates.advance(
        advance({ from: 'checked', to: 'copied', effects: [store([mild, bad, middling])] }),
      );
      assert.deepEqual(await candidates.findings('a'), [bad, middling, mild]);
      const [summary] = await candidates.list({ ids: ['a'] });
      assert.deepEqual(summary?.findings, { total: 3, blocking: 1, needReason: 1 });
      assert.deepEqual(await candidates.findings('b'), []);
    });

    test('jobs are due when their time has come, the longest waiting first, but for one kind', async () => {
      await using stores = await opened(await open(), ['a', 'b', 'c']);
      const { candidates } = stores;
      await candidates.advance(advance({ candidateId: 'b', next: 'copy', at: later(1) }));
      await candidates.advance(advance({ candidateId: 'c', next: undefined, at: later(2) }));
      const due = async (now: Date, except?: 'check' | 'copy') =>
        (await candidates.due(now, 10, except)).map(({ candidateId, job }) => candidateId + job);
      assert.deepEqual(await due(at), ['acheck']);
      assert.deepEqual(await due(later(9)), ['acheck', 'bcopy']);
      assert.deepEqual(await due(later(9), 'check'), ['bcopy']);
      assert.equal((await candidates.due(later(9), 1, undefined)).length, 1);
      assert.deepEqual(await candidates.nextTryAt(at, undefined), later(1));
      assert.deepEqual(await candidates.nextTryAt(at, 'copy'), undefined);
      assert.deepEqual(await candidates.nextTryAt(later(-1), undefined), at);
    });

    test('a postponed job comes later and counts; one that moved on meanwhile does not', async () => {
      await using stores = await opened(await open(), ['a']);
      const { candidates } = stores;
      const [job] = await candidates.due(at, 1, undefined);
      if (!job) return assert.fail();
      await candidates.postpone(job, later(5));
      assert.deepEqual(await candidates.due(later(4), 1, undefined), []);
      const [again] = await candidates.due(later(5), 1, undefined);
      assert.equal(again?.tries, 1);
      await candidates.postpone(job, later(99));
      assert.deepEqual(await candidates.due(later(5), 1, undefined), [again], 'an old claim');
      await candidates.advance(advance({ next: 'copy' }));
      await candidates.postpone(again, later(99));
      assert.equal((await candidates.due(at, 1, undefined))[0]?.tries, 0);
    });

    test('nothing of a repository is sealed while something sealed waits to be published', async () => {
      await using stores = await opened(await open(), ['a', 'b']);
      const { candidates } = stores;
      await candidates.advance(advance({ candidateId: 'a', to: 'sealed', next: 'serve' }));
      await candidates.advance(advance({ candidateId: 'b', to: 'approved', next: 'seal' }));
      const due = async () =>
        (await candidates.due(at, 10, undefined)).map(({ candidateId }) => candidateId);
      assert.deepEqual(await due(), ['a']);
      await candidates.advance(
        advance({ candidateId: 'a', from: 'sealed', to: 'published', next: undefined }),
      );
      assert.deepEqual(await due(), ['b']);
    });

    test('a list is filtered, newest first, and no longer than asked for', async () => {
      await using stores = await opened(await open(), ['a', 'b', 'c'], (id, i) => ({
        admittedAt: later(i),
        repository: parseStagingRepository(id === 'c' ? 'staging/rival/app' : staging),
        tag: parseTag(id),
        ...(id === 'a' && { digest: other }),
      }));
      const { candidates } = stores;
      const ids = async (filter: Parameters<Candidates['list']>[0]) =>
        (await candidates.list(filter)).map(({ id }) => id).join('');
      await candidates.advance(advance({ candidateId: 'a' }));
      assert.equal(await ids({}), 'cba');
      assert.equal(await ids({ limit: 2 }), 'cb');
      assert.equal(await ids({ states: ['checked'] }), 'a');
      assert.equal(await ids({ states: [] }), '');
      assert.equal(await ids({ tag: 'b' }), 'b');
      assert.equal(await ids({ digest: other }), 'a');
      assert.equal(await ids({ digest }), 'cb');
      assert.equal(await ids({ ids: ['a', 'c', 'x'] }), 'ca');
      assert.equal(await ids({ repository: staging }), 'ba');
      assert.equal(await ids({ gun, states: ['admitted'] }), 'cb');
      assert.equal(await ids({ namespaces: ['acme'] }), 'ba');
      assert.equal(await ids({ namespaces: ['acme', 'rival'] }), 'cba');
      assert.equal(await ids({ namespaces: [] }), '');
      assert.equal(await ids({ namespaces: ['%', 'acm_', 'ACME', 'acme/app'] }), '');
      const standing = await candidates.standing('a', 10);
      assert.deepEqual(
        standing.map(({ id, state }) => `${id} ${state}`),
        ['b admitted', 'c admitted'],
      );
    });

    test('versions seen and the pinned root only ever rise', async () => {
      await using stores = await opened(await open(), ['a'], undefined, {
        rootVersion: 2,
        rootBytes: utf8('2'),
      });
      const { candidates, admissions } = stores;
      const saw = (version: number, rest: readonly (readonly [RoleName, number])[]): Effect => ({
        effect: 'saw-metadata',
        gun,
        pin: { rootVersion: version, rootBytes: utf8(String(version)) },
        versions: new Map(rest),
      });
      const effects = [
        saw(3, [
          ['root', 3],
          ['timestamp', 9],
        ]),
        saw(2, [
          ['root', 2],
          ['timestamp', 5],
          ['snapshot', 1],
        ]),
      ];
      await candidates.advance(advance({ effects }));
      assert.deepEqual(await admissions.pin(gun), { rootVersion: 3, rootBytes: utf8('3') });
      assert.deepEqual([...(await candidates.seenVersions(gun))].sort(), [
        ['root', 3],
        ['snapshot', 1],
        ['timestamp', 9],
      ]);
      assert.equal((await candidates.seenVersions(storeGun)).size, 0);
    });

    test('an image is linked whole with its tag, and unlinked but for what others need', async () => {
      await using stores = await opened(await open(), ['a', 'b'], (id) => ({
        tag: parseTag(id),
      }));
      const { candidates, registry } = stores;
      const shared = await blob(stores, 'shared');
      const images = {
        a: await image(stores, [shared, await blob(stores, 'a')]),
        b: await image(stores, [shared, await blob(stores, 'b')]),
      };
      for (const id of ['a', 'b'] as const) {
        const link = { from: staging, to: certification, tag: parseTag(id), image: images[id] };
        const effects: Effect[] = [{ effect: 'link-image', ...link }];
        await candidates.advance(advance({ candidateId: id, effects }));
        assert.equal(await registry.resolveTag(certification, parseTag(id)), topOf(images[id]));
      }
      const unlink: Effect = {
        effect: 'unlink-image',
        repository: certification,
        tag: parseTag('a'),
        image: images.a,
      };
      await candidates.advance(advance({ from: 'checked', to: 'refused', effects: [unlink] }));
      assert.equal(await registry.resolveTag(certification, parseTag('a')), undefined);
      assert.equal(await registry.manifest(certification, topOf(images.a)), undefined);
      for (const { digest } of images.b.blobs) {
        assert.ok(await registry.blobSize(certification, digest));
      }
      const own = images.a.blobs.filter(
        (one) => !images.b.blobs.some((b) => b.digest === one.digest),
      );
      assert.equal(own.length, 1);
      for (const { digest } of own) {
        assert.equal(await registry.blobSize(certification, digest), undefined);
        assert.ok(await registry.blobSize(staging, digest), 'the producer keeps what they pushed');
      }
    });

    test('a recalled image leaves the store but for what other published ones need', async () => {
      await using stores = await opened(await open(), ['a', 'b', 'c'], (id) => ({
        tag: parseTag(id),
      }));
      const { candidates, registry } = stores;
      const [withB, withC] = [await blob(stores, 'with b'), await blob(stores, 'with c')];
      const own = await blob(stores, 'own');
      const images = {
        a: await image(stores, [withB, withC, own]),
        b: await image(stores, [withB]),
        c: await image(stores, [withC]),
      };
      for (const id of ['a', 'b', 'c'] as const) {
        const links = [
          { from: staging, to: certification },
          { from: certification, to: inStore },
        ].map((way) => ({
          effect: 'link-image' as const,
          ...way,
          tag: parseTag(id),
          image: images[id],
        }));
        const to = id === 'c' ? 'reviewed' : 'published';
        await candidates.advance(advance({ candidateId: id, to, effects: links }));
      }
      const tag = parseTag('a');
      const recall: Effect = {
        effect: 'unpublish-image',
        repository: staging,
        tag,
        image: images.a,
      };
      await candidates.advance(advance({ from: 'published', to: 'recalled', effects: [recall] }));
      assert.equal(await registry.resolveTag(inStore, tag), undefined);
      assert.equal(await registry.manifest(inStore, topOf(images.a)), undefined);
      assert.equal(await registry.resolveTag(inStore, parseTag('b')), topOf(images.b));
      assert.ok(await registry.blobSize(inStore, withB.digest), 'b is published, and needs it');
      assert.equal(await registry.blobSize(inStore, withC.digest), undefined, 'c is not published');
      assert.equal(await registry.blobSize(inStore, own.digest), undefined);
      assert.ok(await registry.blobSize(certification, own.digest));
    });

    test('a seal is kept, published whole, and refused when the metadata moved on', async () => {
      await using stores = await opened(await open(), ['a']);
      const { candidates, metadata } = stores;
      const files = [file('root', 1), file('timestamp', 1)];
      await candidates.advance(
        advance({ to: 'sealed', effects: [{ effect: 'store-seal', files }] }),
      );
      assert.deepEqual(await candidates.sealFiles('a'), files);
      assert.equal(await metadata.current(storeGun, 'root'), undefined);
      const serve = advance({
        from: 'sealed',
        to: 'published',
        effects: [{ effect: 'publish-seal', files }, { effect: 'drop-seal' }],
      });
      await candidates.advance(serve);
      assert.deepEqual(await candidates.sealFiles('a'), []);
      assert.equal((await metadata.current(storeGun, 'timestamp'))?.version, 1);
      assert.equal((await stores.admissions.waiting(10)).at(-1)?.gun, storeGun);

      for (const timestamp of [1, 3]) {
        const stale = [file('root', 2), file('timestamp', timestamp)];
        const effects: Effect[] = [{ effect: 'publish-seal', files: stale }];
        const conflict = advance({ from: 'published', to: 'published', effects });
        await assert.rejects(candidates.advance(conflict), { code: 'CHAIN_PUBLISH_CONFLICT' });
        assert.equal((await metadata.current(storeGun, 'root'))?.version, 1, 'all or none');
      }
      const old = [file('root', 1), file('timestamp', 2)];
      const effects: Effect[] = [{ effect: 'publish-seal', files: old }];
      await assert.rejects(
        candidates.advance(advance({ from: 'published', to: 'published', effects })),
        { code: 'CHAIN_PUBLISH_CONFLICT' },
      );
    });

    test('many that append at once make one list', async () => {
      const ids = Array.from({ length: 8 }, (_, i) => String(i));
      await using stores = await opened(await open(), ids, (id) => ({ tag: parseTag(id) }));
      await Promise.all(
        ids.map((candidateId) => stores.candidates.advance(advance({ candidateId }))),
      );
      const history = await stores.candidates.history(8, 100);
      assert.deepEqual(
        history.map(({ position }) => position),
        ids.map((_, i) => 9 + i),
      );
      assert.equal(
        await stores.candidates.evidence(parseDigest(`sha256:${'0'.repeat(64)}`)),
        undefined,
      );
    });
  });
}

const digest = digestOf(utf8('a manifest'));
const other = digestOf(utf8('another image'));

function subject(changes: Partial<Subject>): Subject {
  const base = { gun, repository: staging, tag, digest, sizeBytes: 10, admittedAt: at };
  return { id: 'a', ...base, signedBy: 'targets', ...changes };
}

function opening(changes: Partial<Subject>): Opening {
  const of = subject(changes);
  const candidate = { ...of, admittedAt: of.admittedAt.getTime() };
  const evidence = utf8(JSON.stringify({ step: 'admit', candidate }));
  const entry = { at: of.admittedAt, step: 'admit', actor: 'store', reason: '', evidence } as const;
  return { subject: of, entry: { candidateId: of.id, ...entry } };
}

function admission(change: Change, openings: readonly Opening[]) {
  return { change, gun, repository: staging, pin: undefined, openings, trouble: undefined, at };
}

async function opened(
  stores: ChainStores,
  ids: readonly string[],
  vary: (id: string, index: number) => Partial<Subject> = (id) => ({ digest: digestOf(utf8(id)) }),
  pin?: { rootVersion: number; rootBytes: Uint8Array },
): Promise<ChainStores> {
  await publish(stores, gun);
  const openings = ids.map((id, index) => opening({ id, ...vary(id, index) }));
  await stores.admissions.admit({ ...admission(await firstOf(stores.admissions), openings), pin });
  return stores;
}

async function firstOf(admissions: Admissions): Promise<Change> {
  const [change] = await admissions.waiting(1);
  return change ?? assert.fail('no row waits');
}

async function publish({ metadata }: ChainStores, of: Gun): Promise<void> {
  await metadata.publish(of, [file('timestamp', 1)], at);
}

function file(role: RoleName, version: number): SealFile {
  const bytes = utf8(`${version}.${role}`);
  return { gun: storeGun, role, version, sha256: digestOf(bytes).slice('sha256:'.length), bytes };
}

function advance(changes: Partial<Advance>): Advance {
  const { candidateId = 'a' } = changes;
  const evidence = utf8('{}');
  const entry = { candidateId, at, step: 'check', actor: 'store', reason: '', evidence } as const;
  const base = { from: 'admitted', to: 'checked', next: undefined, effects: [], at } as const;
  return { candidateId, entries: [entry], ...base, ...changes };
}

function finding(severity: JudgedFinding['severity'], what: string): JudgedFinding {
  const words = { title: what, detail: 'two\nlines', remedy: 'none', subject: what };
  const found = makeFinding({ rule: 'HYGIENE_TEST', severity, ...words });
  return { ...found, blocks: false, needsReason: false };
}

function part(of: typeof digest) {
  return { digest: of, mediaType: mediaTypes.ociManifest, sizeBytes: 10 };
}

type Image = Extract<Effect, { effect: 'link-image' }>['image'];

async function blob({ registry }: ChainStores, text: string) {
  const bytes = utf8(text);
  const of = digestOf(bytes);
  await registry.linkBlob(staging, of, bytes.length, at);
  return { digest: of, mediaType: mediaTypes.ociLayerGzip, sizeBytes: bytes.length };
}

async function image({ registry }: ChainStores, blobs: Image['blobs']): Promise<Image> {
  const [config, ...layers] = blobs.map(({ digest: of, mediaType, sizeBytes }) => ({
    digest: of,
    mediaType,
    size: sizeBytes,
  }));
  const mediaType = mediaTypes.ociManifest;
  const bytes = utf8(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const push = { repository: staging, reference: parseTag('pushed'), bytes, mediaType };
  const manifest = await pushManifest(registry, push, at);
  return { manifests: [{ ...part(manifest.digest), sizeBytes: bytes.length }], blobs };
}

function topOf({ manifests }: Image) {
  return manifests[0]?.digest ?? assert.fail();
}
