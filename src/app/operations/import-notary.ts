import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  DatabaseSource,
  FolderSource,
  LiveDatabase,
  notaryImportError,
  RowShelf,
  readServerDump,
  readSignerDump,
  ServerSource,
} from '../../adapters/notary-import/index.ts';
import {
  AuthorizedClient,
  type CredentialSource,
  dockerCredentials,
  HttpsClient,
} from '../../adapters/remotes/index.ts';
import { SqlImportTarget } from '../../adapters/sql/trust/import-target.ts';
import { type Clock, Secret } from '../../base/index.ts';
import type { ImportQuestion } from '../../cli/index.ts';
import {
  type ImportSource,
  type ImportWatch,
  importRepositories,
  type RepositoryPlan,
} from '../../trust/index.ts';
import { parseDatabase } from '../config.ts';
import { DataFolder } from '../state/data-folder.ts';
import { openStoreDatabase } from '../state/open-store-database.ts';

export interface ImportSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dockerFolder: string;
  readonly clock: Clock;
}

/**
 * Imports into the store of a data folder, or of the database that COUNTERMARK_DATABASE names as for
 * `serve`. Nobody else may have the folder meanwhile, unless it is a dry run, which only reads.
 * @throws StoreError DATA_FOLDER_IN_USE, and what the source throws
 */
export async function importNotary(
  question: ImportQuestion,
  watch: ImportWatch,
  surroundings: ImportSurroundings,
): Promise<RepositoryPlan[]> {
  const { COUNTERMARK_DATABASE: url } = surroundings.env;
  const database = url ? parseDatabase(url) : undefined;
  const folder = DataFolder.open(resolve(question.data));
  if (!question.dryRun) folder.claim();
  await using open = new AsyncDisposableStack();
  const db = await openStoreDatabase({ database }, folder);
  open.defer(() => db.destroy());
  const target = new SqlImportTarget(db, await folder.secret('keys'));
  const source = await openSource(question, folder, surroundings, open);
  const { dryRun, here, from } = question;
  const there = from === undefined ? 'https://OLD-SERVER' : originOf(from);
  return await importRepositories(
    { source, target, dryRun, here, there, now: surroundings.clock() },
    watch,
  );
}

async function openSource(
  question: ImportQuestion,
  folder: DataFolder,
  surroundings: ImportSurroundings,
  open: AsyncDisposableStack,
): Promise<ImportSource> {
  const { guns, prefix = '' } = question;
  const wanted = { guns, prefix };
  const { from, trustFolder } = question;
  if (trustFolder !== undefined) return new FolderSource(resolve(trustFolder), wanted);
  const shelf = open.use(new RowShelf(emptyRoom(folder, question.dryRun, open)));
  if (from !== undefined) return serverSource(from, shelf, question, surroundings, open);
  const live = async (url: string, flag: string) => open.use(await LiveDatabase.open(url, flag));
  const { serverDump, serverDb, signerDump, signerDb } = question;
  if (serverDump !== undefined) await readServerDump(serverDump, shelf);
  if (signerDump !== undefined) await readSignerDump(signerDump, shelf);
  shelf.finish();
  const server = serverDb === undefined ? shelf : await live(serverDb, '--server-db');
  const signerLive = signerDb === undefined ? undefined : await live(signerDb, '--signer-db');
  const signer = signerDump === undefined ? signerLive : shelf;
  return new DatabaseSource({ server, signer, env: surroundings.env, wanted });
}

/**
 * A folder for the rows of dumps and the files of servers; what an import that was killed left in it goes. A dry run has one of
 * its own, beside that of an import.
 */
function emptyRoom(folder: DataFolder, dryRun: boolean, open: AsyncDisposableStack): string {
  const all = join(folder.path, 'import');
  const room = dryRun ? join(all, `dry-${process.pid}`) : all;
  const empty = () => rmSync(room, { recursive: true, force: true });
  empty();
  mkdirSync(room, { mode: 0o700, recursive: true });
  open.defer(empty);
  return room;
}

function serverSource(
  from: string,
  shelf: RowShelf,
  question: ImportQuestion,
  { env, dockerFolder, clock }: ImportSurroundings,
  open: AsyncDisposableStack,
): ImportSource {
  const origin = originOf(from);
  const http = open.use(new HttpsClient({ ca: question.ca }));
  const credentials = credentialsOf(env.NOTARY_AUTH, dockerCredentials(dockerFolder));
  const { host } = new URL(origin);
  const client = new AuthorizedClient({ http, origin, host, credentials, clock });
  const { guns, prefix = '' } = question;
  shelf.finish();
  return new ServerSource({ client, origin, wanted: { guns, prefix }, shelf });
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search;
  if (!isPlain || url.username !== '')
    throw notaryImportError('NOTARY_SERVER_URL', { url: text.slice(0, 200) });
  return url.origin;
}

/** `NOTARY_AUTH` as the notary client reads it, base64 of `NAME:PASSWORD`; else docker's login. */
function credentialsOf(auth: string | undefined, docker: CredentialSource): CredentialSource {
  if (!auth) return docker;
  const [username = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  const password = new Secret(rest.join(':'));
  return async () => ({ kind: 'password', username, password });
}
