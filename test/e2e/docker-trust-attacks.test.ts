/**
 * A malicious server and a man in the middle, seen from `docker trust inspect`: every corruption of
 * every role (the table of src/tuf/attacks.test.ts), and every way to answer wrongly or to be somebody
 * else. Each has exactly one error code and an exit code; what the folder keeps is unharmed: the same
 * command succeeds as soon as the server is honest, or the man is gone.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  makeRootCertificate,
  makeTlsCertificate,
  type TlsCertificate,
} from '../../src/adapters/certificates/index.ts';
import { parseGun, type RoleName, releasesRole } from '../../src/tuf/index.ts';
import {
  attackedRoles,
  type Cell,
  makers,
  repositoryAtVersionOne,
  serveCorrupt,
  served,
  toVersionTwo,
} from '../support/client-attacks.ts';
import { plainEnvironment } from '../support/command.ts';
import { runOwn } from '../support/own-program.ts';
import type { SimulatedRepository } from '../support/simulated-repository.ts';

const now = new Date();
const yesterday = new Date(now.getTime() - 86_400_000);
const certificate = makeTlsCertificate({ hosts: [], now });
const repositories = new Map<string, SimulatedRepository>();
let server: Server;
let host: string;
let folder: string;
/** Who answers instead of the trust server. */
let inTheMiddle: RequestListener | undefined;

before(async () => {
  const options = { cert: certificate.certificate, key: certificate.privateKey.reveal() };
  server = createHttpsServer(options, (request, response) => {
    if (inTheMiddle) inTheMiddle(request, response);
    else answer(request.url ?? '', response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), 'cm-attacks-'));
  await trustCertificate(certificate.certificate);
});
after(async () => {
  server?.close();
  server?.closeAllConnections();
  if (folder) await rm(folder, { recursive: true });
});

/** `/v2/<GUN>/_trust/tuf/<file>.json` from what the repository serves. */
function answer(url: string, response: ServerResponse): void {
  const [, gun = '', file = ''] = /^\/v2\/(.+)\/_trust\/tuf\/(.+)\.json$/.exec(url) ?? [];
  const bytes = repositories.get(gun)?.served.get(file);
  response.writeHead(bytes ? 200 : 404).end(bytes);
}

async function trustCertificate(pem: string): Promise<void> {
  await mkdir(join(folder, 'tls', host), { recursive: true });
  await writeFile(join(folder, 'tls', host, 'ca.crt'), pem);
}

async function inspect(...guns: string[]) {
  const env = { ...plainEnvironment(), HOME: folder, DOCKER_CONFIG: folder };
  const ended = await runOwn(['docker', 'trust', 'inspect', ...guns], { env });
  const codes = new Map<string, string>();
  for (const line of ended.stderr.trim().split('\n').filter(Boolean)) {
    const [, gun = '', code = 'nothing'] =
      /access (\S+)(?: \(([A-Z_]+): .*)?$/.exec(line) ?? assert.fail(line);
    codes.set(gun, code);
  }
  const shown: { Name: string }[] = JSON.parse(ended.stdout);
  return { code: ended.code, codes, shown: shown.map(({ Name }) => Name) };
}

/** The metadata kept of a repository, byte for byte. */
function keptOf(gun: string): Record<string, string> {
  const metadata = join(folder, 'trust', 'tuf', gun, 'metadata');
  const entries = readdirSync(metadata, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(file, 'latin1')]));
}

/** What is otherwise than in the table: the client stops reading early, and it has a cache. */
function overTheWire(way: string, role: RoleName, cell: Cell): string {
  if (cell !== 'ok' && /newline more|endless/.test(way)) return 'REMOTE_TOO_LARGE';
  return way === 'has version 1 again' && role === 'targets' ? 'TUF_ROLLBACK' : cell;
}

const rows = [
  ...served.map(([attack, way, serve, ...cells]) => ({ attack, way, serve, cells })),
  ...makers.map(([attack, way, make, ...cells]) => ({ attack, way, make, cells })),
].map((row, i) => ({
  ...row,
  columns: attackedRoles.map((role, column) => {
    const cell = overTheWire(row.way, role, row.cells[column] ?? 'ok');
    // A delegation that expired, or lacks signatures, is passed over: what is well is kept.
    const isPassedOver = role === releasesRole && /EXPIRED|THRESHOLD/.test(cell);
    return { role, cell, isPassedOver, path: `app/attack${i}-${column}` };
  }),
}));
const gunOf = ({ path }: { readonly path: string }) => parseGun(`${host}/${path}`);
const repositoryOf = (gun: string) => repositories.get(gun) ?? assert.fail();
/** What was served while the server was honest. */
const honest = new Map<string, ReadonlyMap<string, Uint8Array>>();

test('while the server is honest, every repository is read, and kept', async () => {
  const guns = rows.flatMap(({ columns }) => columns.map(gunOf));
  for (const gun of guns) {
    const repository = await repositoryAtVersionOne(gun, yesterday);
    repositories.set(gun, repository);
    honest.set(gun, new Map(repository.served));
  }
  succeedsFor(await inspect(...guns), guns);
  const newer: string[] = [];
  const corruptions: (() => void)[] = [];
  for (const row of rows) {
    for (const column of row.columns) {
      const gun = gunOf(column);
      const repository = repositoryOf(gun);
      const former = honest.get(gun) ?? assert.fail();
      if ('make' in row) await toVersionTwo(repository, now, row.make, column.role);
      else {
        await toVersionTwo(repository, now);
        honest.set(gun, new Map(repository.served));
        corruptions.push(() => serveCorrupt(repository, column.role, row.serve, former));
        // An old timestamp is a rollback for those only who saw a newer one.
        if (column.role === 'timestamp') newer.push(gun);
      }
    }
  }
  succeedsFor(await inspect(...newer), newer);
  for (const corrupt of corruptions) corrupt();
});

for (const { attack, way, columns } of rows) {
  const cells = columns.map(({ cell }) => cell);
  test(`${attack}: a role that ${way}: ${[...new Set(cells)].join(', ')}`, async () => {
    const guns = columns.map(gunOf);
    const kept = guns.map(keptOf);
    const { code, codes } = await inspect(...guns);
    assert.deepEqual(
      guns.map((gun) => codes.get(gun) ?? 'ok'),
      cells,
    );
    assert.equal(code, cells.every((cell) => cell === 'ok') ? 0 : 1);
    for (const [i, { cell, isPassedOver }] of columns.entries()) {
      if (cell !== 'ok' && !isPassedOver) assert.deepEqual(keptOf(guns[i] ?? ''), kept[i]);
    }
  });
}

test('when the server is honest again, every cache that met an attack is of use', async () => {
  const attacked = rows.flatMap(({ columns }) =>
    columns.filter(({ cell, isPassedOver }) => cell !== 'ok' && !isPassedOver),
  );
  const guns = attacked.map(gunOf);
  for (const gun of guns) {
    const { served } = repositoryOf(gun);
    served.clear();
    for (const [name, bytes] of honest.get(gun) ?? []) served.set(name, bytes);
  }
  succeedsFor(await inspect(...guns), guns);
});

function succeedsFor(seen: Awaited<ReturnType<typeof inspect>>, guns: readonly string[]): void {
  assert.deepEqual({ ...seen, codes: [...seen.codes] }, { code: 0, codes: [], shown: guns });
}

/* What somebody between the client and the server does -> the code. */
const mischief: readonly (readonly [what: string, code: string, RequestListener])[] = [
  [
    'says that there is nothing',
    'TUF_UNAVAILABLE',
    (_request, response) => response.writeHead(404).end(),
  ],
  ['breaks', 'REMOTE_STATUS', (_request, response) => response.writeHead(500).end()],
  ['closes the connection', 'REMOTE_UNREACHABLE', (request) => request.socket.destroy()],
  [
    'cuts the answer short',
    'REMOTE_TRUNCATED',
    (_request, response) => {
      response.writeHead(200, { 'content-length': 999 });
      response.write('{"signed"', () => response.destroy());
    },
  ],
  [
    'sends elsewhere',
    'REMOTE_STATUS',
    (_request, response) => response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end(),
  ],
  [
    'answers with a page',
    'TUF_MALFORMED',
    (_request, response) => response.writeHead(200).end('<html>'),
  ],
  [
    'asks for the password of another place',
    'REMOTE_CHALLENGE',
    (_request, response) =>
      response
        .writeHead(401, { 'www-authenticate': 'Bearer realm="http://evil.example/token"' })
        .end(),
  ],
  [
    'wants a login',
    'REMOTE_UNAUTHORIZED',
    (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end(),
  ],
];

for (const [what, code, listener] of mischief) {
  test(`whoever is in the middle ${what}: ${code}`, async () => {
    const gun = parseGun(`${host}/app/middle`);
    repositories.set(gun, repositories.get(gun) ?? (await repositoryAtVersionOne(gun, yesterday)));
    succeedsFor(await inspect(gun), [gun]);
    const kept = keptOf(gun);
    inTheMiddle = listener;
    try {
      const seen = await inspect(gun);
      assert.deepEqual([seen.code, [...seen.codes.values()]], [1, [code]]);
    } finally {
      inTheMiddle = undefined;
    }
    assert.deepEqual(keptOf(gun), kept);
    succeedsFor(await inspect(gun), [gun]);
  });
}

/* Who says to be the server, and what our folder says of it. */
const impostors: readonly (readonly [what: string, make: () => TlsIdentity])[] = [
  ['has a certificate of its own', () => identity(makeTlsCertificate({ hosts: [], now }), false)],
  [
    'has a certificate that expired',
    () => identity(makeTlsCertificate({ hosts: [], now: new Date(now.getTime() - 9e11) }), true),
  ],
  [
    'has a certificate for another name and purpose',
    () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const cert = makeRootCertificate({ privateKey, gun: 'other.example/app', now });
      return { cert, key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })), ca: cert };
    },
  ],
];

for (const [what, make] of impostors) {
  test(`an impostor who ${what}: REMOTE_CERTIFICATE`, async () => {
    const gun = parseGun(`${host}/app/impostor`);
    repositories.set(gun, repositories.get(gun) ?? (await repositoryAtVersionOne(gun, yesterday)));
    const own = identity(certificate, true);
    succeedsFor(await inspect(gun), [gun]);
    const kept = keptOf(gun);
    const impostor = make();
    server.setSecureContext(impostor);
    if (impostor.ca) await trustCertificate(impostor.ca);
    try {
      const seen = await inspect(gun);
      assert.deepEqual([seen.code, [...seen.codes.values()]], [1, ['REMOTE_CERTIFICATE']]);
    } finally {
      server.setSecureContext(own);
      await trustCertificate(certificate.certificate);
    }
    assert.deepEqual(keptOf(gun), kept);
    succeedsFor(await inspect(gun), [gun]);
  });
}

interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** What the person is told to trust; none: what they did before. */
  readonly ca?: string;
}

function identity(
  { certificate: cert, privateKey }: TlsCertificate,
  isTrusted: boolean,
): TlsIdentity {
  return { cert, key: privateKey.reveal(), ...(isTrusted && { ca: cert }) };
}
