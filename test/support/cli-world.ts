import { digestOf, hexOf, Secret, StoreError, utf8 } from '../../src/base/index.ts';
import type { State } from '../../src/chain/index.ts';
import type {
  CliWorld,
  HttpConnection,
  ImportQuestion,
  SavedLogin,
  ServeFlags,
} from '../../src/cli/index.ts';
import type { ImageVerification } from '../../src/client/index.ts';
import { type CopiedImage, type CopyWatch, copyError } from '../../src/copy/index.ts';
import {
  mediaTypes,
  parseRepositoryName,
  parseTag,
  type Reference,
  type Tag,
} from '../../src/oci/index.ts';
import type { ImportedRepository, Scrubbed } from '../../src/registry/index.ts';
import type { RepositoryPlan } from '../../src/trust/index.ts';
import { found, MemoryDesk } from './memory-desk.ts';
import { memoryStore } from './memory-store.ts';

/**
 * What a transcript's commands run against: a store in memory under https://localhost:5443, with
 * candidates 1 to 5 in different states, and nothing under any other address.
 */
export class TestWorld {
  readonly desk = new MemoryDesk();
  readonly #store = memoryStore(
    this.desk
      .with(...reviewed)
      .with(...published)
      .with(...refused),
  );
  #env: Record<string, string> = {};
  #saved: SavedLogin | undefined;
  #stdin = '';
  #later: (() => void) | undefined;
  readonly served: ServeFlags[] = [];

  constructor() {
    this.desk.with(...waiting).with(...foreign);
    this.desk.withUnsigned('staging/acme/app', '1.1').withUnsigned('staging/acme/tool', '3', {
      code: 'ADMIT_METADATA_MALFORMED',
      reason: 'targets is not JSON',
    });
  }

  /** @param who  `NAME`, `nobody`, `NAME, saved token` or `NAME, saved password` */
  async as(who: string): Promise<void> {
    const [name = '', how] = who.split(', ');
    this.#env = {};
    this.#saved = undefined;
    if (name === 'nobody') return;
    const password = `${name}-password`;
    if (how === 'saved password') {
      this.#saved = { kind: 'password', username: name, password: new Secret(password) };
    } else if (how === 'saved token') {
      const { app } = await this.#store;
      const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
      const url = '/token?offline_token=true';
      const reply = await app.inject({ url, headers: { authorization } });
      this.#saved = { kind: 'identity-token', token: new Secret(reply.json().refresh_token) };
    } else this.#env = { COUNTERMARK_USER: name, COUNTERMARK_PASSWORD: password };
  }

  set(name: string, value: string): void {
    this.#env[name] = value;
  }

  stdin(text: string): void {
    this.#stdin = text;
  }

  /** While the next command runs, a candidate comes to a state. */
  later(state: State, digit: string): void {
    this.#later = () => void setTimeout(() => this.desk.move(digit.repeat(16), state), 50);
  }

  /** The world of one command. @param print  gets what it prints, line breaks and all */
  world(print: (stream: 1 | 2, text: string) => void): CliWorld {
    const stdin = [Buffer.from(this.#stdin)];
    this.#later?.();
    this.#stdin = '';
    this.#later = undefined;
    return {
      env: this.#env,
      stdin: (async function* () {
        yield* stdin;
      })(),
      print: (text) => print(1, text),
      printError: (text) => print(2, text),
      clock: () => new Date(),
      connect: () => this.#connect(),
      credentialsFor: async (host) => (host === 'localhost:5443' ? this.#saved : undefined),
      verifyImage: async ({ image }) => (image.endsWith(':1.0') ? verified : notVerified),
      importNotary: async (question, watch) => {
        const plans = plansOf(question);
        plans.forEach((plan, i) => {
          watch.looked?.(plan, i + 1);
        });
        watch.planned?.(plans);
        const [plan] = plans;
        if (question.dryRun || !plan) return plans;
        const first = { ...plan, written: 9 };
        watch.wrote?.(first, 1, 1);
        return [first, ...plans.slice(1)];
      },
      moveDatabase: async (data, told) => {
        told(1_234);
        return { tables: 22, rows: 1_234, aside: `${data}/store.sqlite.moved` };
      },
      serve: async (flags) => {
        this.served.push(flags);
        print(1, `serve ${JSON.stringify(flags)}\n`);
      },
      signer: async (flags) => print(1, `signer ${JSON.stringify(flags)}\n`),
      reencrypt: async () => 3,
      moveKeys: async (question, told) => {
        for (let count = 1; count <= 250; count++) told(count);
        print(2, `moved by ${JSON.stringify(question)}\n`);
        return {
          moved: 249,
          there: 1,
          repositories: 125,
          removed: question.removeFromStore ? 250 : 0,
        };
      },
      importRegistry: async ({ from, data, names, into, dryRun }, watch) => {
        print(2, `import ${from} ${JSON.stringify({ data, names, into, dryRun })}\n`);
        for (const one of importedRepositories) {
          watch.copied(one.name, one.bytes);
          watch.done(one, importedRepositories.length);
        }
        return names.length > 0 ? importedRepositories.slice(0, 1) : importedRepositories;
      },
      openCopier: async ({ source, destination, platform, attached }) => {
        const names = [source, destination].map(({ host, repository }) => `${host}/${repository}`);
        print(2, `copy ${names.join(' to ')} ${JSON.stringify({ platform, attached })}\n`);
        return {
          tags: async () => ['1', `sha256-${hexOf(digest)}.sig`, 'old', '2'].map(parseTag),
          copy: async (reference, tag, watch) => copied(reference, tag, watch),
          [Symbol.dispose]: () => print(2, 'connections are closed\n'),
        };
      },
      scrubRegistry: async ({ data, bytesPerSecond }, told) => {
        told({ blobs: 256, bytes: 3_000_000 });
        print(2, `scrub ${data} at ${bytesPerSecond}\n`);
        return data === './rotten' ? rottenRegistry : { ...rottenRegistry, faults: [] };
      },
      pki: {
        init: async (folder, hosts) => [`${folder}/ca.crt`, ...hosts],
        addClient: async (folder, name) => [`${folder}/${name}.crt`],
        list: async () => pkiMembers,
        renew: async (folder, name, options) => [
          `${folder}/${name}.crt ${JSON.stringify(options)}`,
        ],
        withdraw: async (folder, name) => `${folder}/withdrawn.txt ${name}`,
      },
      docker: async () => {
        throw new StoreError('CLI_DOCKER_TRUST', 'there is no docker in transcripts');
      },
      ownCommand: () => ['/usr/local/bin/countermark'],
      installPlugin: async ({ config = '~/.docker' }) => ({
        file: `${config}/cli-plugins/docker-dct`,
        command: 'docker dct',
      }),
    };
  }

  #connect(): HttpConnection {
    return {
      send: async ({ method, url, headers, body }) => {
        if (url.host !== 'localhost:5443') {
          const reason = 'ECONNREFUSED';
          throw new StoreError('REMOTE_UNREACHABLE', `${url.origin} does not answer (${reason})`);
        }
        const { app } = await this.#store;
        const payload = body === undefined ? {} : { payload: Buffer.from(body) };
        const path = `${url.pathname}${url.search}`;
        const reply = await app.inject({ method, url: path, headers: { ...headers }, ...payload });
        return {
          status: reply.statusCode,
          headers: new Map(Object.entries(reply.headers).map(([k, v]) => [k, String(v)])),
          body: reply.rawPayload,
        };
      },
      [Symbol.dispose]: () => {},
    };
  }
}

const pkiMembers = (['ca', 'client', 'signer'] as const).map((name, i) => ({
  name,
  commonName: name,
  use: (['authority', 'clientAuth', 'serverAuth'] as const)[i] ?? 'authority',
  hosts: name === 'ca' ? [] : [name, 'a\u001b[2J'],
  endsAt: new Date(name === 'client' ? '2020-11-30T10:00:00Z' : '2099-11-30T10:00:00Z'),
  fingerprint: `${i}a`.repeat(32),
  withdrawn: name === 'signer',
}));

type Row = Parameters<MemoryDesk['with']>;
const rootUser = found({
  rule: 'HYGIENE_ROOT_USER',
  severity: 'high',
  title: 'It runs as root',
  detail: 'the configuration names no user',
  remedy: 'add USER with a number above 0',
  platforms: ['linux/amd64'],
  needsReason: true,
});
const note = found({
  rule: 'CHECK_ROOT_FIRST_SEEN',
  severity: 'note',
  title: 'Its root was seen for the first time\u001b[2J',
  detail: 'key 0123456789ab',
  remedy: 'compare the key with its producer',
});
const reviewed: Row = ['1', 'staging/acme/app', '1.0', 'reviewed', { found: [rootUser, note] }];
const published: Row = ['2', 'staging/acme/app', '0.9', 'published'];
const blocking = found({
  rule: 'VULNERABLE_PACKAGE',
  severity: 'critical',
  title: 'openssl 3.0.1 is vulnerable',
  aliases: ['CVE-2022-3602'],
  blocks: true,
});
const refusal = { code: 'REVIEW_FINDINGS_BLOCK', reason: '1 findings block it' };
const refused: Row = ['3', 'staging/acme/app', '0.8', 'refused', { refusal, found: [blocking] }];
const job = { step: 'check', tryAt: new Date('2026-11-21T10:05:00Z'), tries: 2 } as const;
const waitingJob = {
  ...job,
  candidateId: '4444444444444444',
  repository: 'staging/acme/tool',
  job: 'check',
} as const;
const waiting: Row = ['4', 'staging/acme/tool', '2', 'admitted', { job: waitingJob }];
const foreign: Row = ['5', 'staging/other/web', '7', 'checked'];

const at = new Date('2026-11-21T10:00:00Z');
const until = new Date('2026-12-05T10:00:00Z');
const digest = `sha256:${'ab'.repeat(32)}` as Extract<ImageVerification, { ok: true }>['digest'];
const rootLink = {
  link: 'root',
  subject: 'root',
  ok: true,
  by: [{ role: 'root', name: 'localhost:5443/store/acme/app', keyIds: ['0123456789abcdef'] }],
  against: 'first seen',
  version: 1,
  since: new Date('2026-11-20T10:00:00Z'),
  until: new Date('2036-11-18T10:00:00Z'),
} as const;
const verified: ImageVerification = {
  ...{ image: 'localhost:5443/store/acme/app:1.0', gun: 'localhost:5443/store/acme/app', at },
  ok: true,
  digest,
  sizeBytes: 528,
  until,
  links: [
    rootLink,
    {
      link: 'target',
      subject: '1.0',
      ok: true,
      by: [{ role: 'targets/countermark', name: 'countermark', keyIds: ['fedcba9876543210'] }],
      against: 'released by targets/releases',
      digest,
      sizeBytes: 528,
      until,
    },
    {
      link: 'manifest',
      subject: digest,
      ok: true,
      by: [],
      against: 'the signed digest',
      digest,
      sizeBytes: 528,
    },
  ],
};
const reason = {
  code: 'TUF_TARGET_UNKNOWN',
  message: 'nobody has signed the tag 1.1; ask its publisher',
};
const notVerified: ImageVerification = {
  ...{ image: 'localhost:5443/store/acme/app:1.1', gun: 'localhost:5443/store/acme/app', at },
  ok: false,
  reason,
  links: [rootLink, { link: 'target', subject: '1.1', ok: false, by: [], against: '', reason }],
};

/** Three repositories: one that goes on, one whose timestamp key nobody has, one that is broken. */
function plansOf({ prefix = '', here }: ImportQuestion): readonly RepositoryPlan[] {
  const keys = { timestamp: 'continues', snapshot: 'owner' } as const;
  const end = new Date('2026-12-04T21:41:15.718Z');
  const plan = {
    gun: 'docker.io/acme/app',
    state: 'new',
    keys,
    notes: [],
    todo: [],
    versions: [
      { role: 'root', version: 2 },
      { role: 'timestamp', version: 7 },
    ],
    deadlines: [
      { what: 'targets', at: new Date('2026-11-20T00:00:00Z'), isPast: true },
      { what: 'timestamp', at: end, isPast: false },
      { what: 'root certificate', at: new Date('2036-11-17T21:41:15Z'), isPast: false },
    ],
  } as const;
  const rotate = `notary -s ${here} -d ~/.docker/trust key rotate docker.io/acme/tool timestamp -r`;
  const plans: RepositoryPlan[] = [
    plan,
    {
      ...plan,
      gun: 'docker.io/acme/tool',
      state: 'there',
      keys: { ...keys, timestamp: 'missing' },
      notes: ['consumers pass over targets/kate, there as here: 0 of 1 signed\u001b[2J'],
      todo: [{ who: 'owner', what: 'replace the timestamp key', commands: [rotate] }],
    },
    {
      ...plan,
      gun: 'docker.io/acme/web',
      state: 'refused',
      versions: [],
      deadlines: [],
      reason: {
        code: 'TUF_BELOW_THRESHOLD',
        message: 'root has valid signatures of 0 of its keys',
      },
    },
  ];
  return plans.filter(({ gun }) => gun.startsWith(prefix));
}

/** The tag `old` is a source's that sends other bytes; every other is an image with a signature. */
function copied(reference: Reference, tag: Tag, watch: CopyWatch): CopiedImage {
  const [layer, config] = [digestOf(utf8('layer')), digestOf(utf8('config'))];
  watch.planned({ blobs: 2, sizeBytes: 48_000_120 });
  watch.arrived(config, 120, 'there');
  if (reference === 'old') {
    throw copyError('COPY_DIGEST_MISMATCH', { expected: layer, found: config });
  }
  watch.sent(48_000_000);
  watch.arrived(layer, 48_000_000, tag === '1' ? 'sent' : 'mounted');
  const mediaType = mediaTypes.ociManifest;
  const image = { digest, mediaType, artifactType: mediaTypes.ociConfig, subject: undefined };
  return {
    ...{ digest, sizeBytes: 528, bytes: tag === '1' ? 48_000_000 : 0 },
    manifests: [{ ...image, how: 'sent' }],
    attached: [parseTag(`sha256-${hexOf(digest)}.sig`)],
    blobs: { sent: tag === '1' ? 1 : 0, there: 1, mounted: tag === '1' ? 0 : 1, foreign: 0 },
  };
}

const rottenRegistry: Scrubbed = {
  blobs: 256,
  manifests: 12,
  bytes: 3_000_000,
  faults: [
    {
      digest: digestOf(utf8('layer')),
      kind: 'rotten',
      what: 'blob',
      found: digestOf(utf8('rot')),
      repositories: [parseRepositoryName('acme/app'), parseRepositoryName('staging/acme/app')],
      quarantined: 'quarantine/sha256-ab.cd',
    },
    {
      digest: digestOf(utf8('config')),
      kind: 'unreadable',
      what: 'blob',
      found: 'read EIO',
      repositories: [],
      quarantined: undefined,
    },
  ],
};

const importedRepositories: readonly ImportedRepository[] = [
  {
    ...{ name: 'acme/app', as: parseRepositoryName('acme/app') },
    ...{ manifests: 12, tags: 7, blobs: 30, bytes: 48_000_000, refused: [] },
  },
  {
    ...{ name: 'legacy', as: parseRepositoryName('legacy') },
    ...{ manifests: 1, tags: 0, blobs: 1, bytes: 120 },
    refused: [
      {
        what: 'v1',
        code: 'OCI_MANIFEST_SCHEMA1',
        message: 'schema 1 manifests are not taken',
      },
    ],
  },
];
