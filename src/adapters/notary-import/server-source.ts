import {
  arrayOf,
  entriesOf,
  isStoreError,
  type Json,
  parseJson,
  StoreError,
  stringOf,
  toHex,
} from '../../base/index.ts';
import type { ImportSource, SourceRepository } from '../../trust/index.ts';
import {
  type Gun,
  limitBytesOf,
  type MetadataFile,
  parseMetadata,
  parseRoleName,
  type RoleName,
} from '../../tuf/index.ts';
import { type Answer, type AuthorizedClient, remoteError } from '../remotes/index.ts';
import { notaryImportError } from './errors.ts';
import type { RowShelf } from './row-shelf.ts';
import { type Wanted, wantedOf } from './wanted.ts';

export interface ServerSourceOptions {
  readonly client: AuthorizedClient;
  /** Such as `https://notary.example:4443`. */
  readonly origin: string;
  /** All are those that the changefeed names. */
  readonly wanted: Wanted;
  /** Where the files of one repository lie while it is looked at or written. Empty. */
  readonly shelf: RowShelf;
}

const recordsPerPage = 1000;
const pageLimitBytes = 4 * 1024 * 1024;
/** So many requests are under way at once, for the versions of one repository. */
const atOnce = 8;
const mostVersions = 100_000;
/** After so many versions in a row that are not there, the server is taken to have no older ones. */
const mostAbsent = 1_000;
const mostGuns = 1_000_000;
/** What is wrong with one repository, while others may be read. */
const ofOneRepository = [
  'REMOTE_STATUS',
  'REMOTE_UNAUTHORIZED',
  'REMOTE_TOO_LARGE',
  'REMOTE_TRUNCATED',
  'REMOTE_ANSWER',
];

/**
 * Repositories of a running server that speaks Notary's HTTP API, read as a consumer reads them:
 * current files by hash from one timestamp, so that what is read is of one moment, and older ones
 * by version. Versions that the server no longer has are passed over.
 * @see notary 0.7.0 server/server.go RootHandler
 */
export class ServerSource implements ImportSource {
  readonly #options: ServerSourceOptions;
  #shelved: Gun | undefined;

  constructor(options: ServerSourceOptions) {
    this.#options = options;
  }

  async *names(): AsyncGenerator<string> {
    const { wanted } = this.#options;
    const all = wanted.guns.length > 0 ? [] : await this.#fromChangefeed(wanted.prefix);
    yield* wantedOf(wanted, all);
  }

  async read(gun: Gun, history: boolean): Promise<SourceRepository> {
    try {
      return await this.#read(gun, history);
    } catch (error) {
      if (!isStoreError(error) || !ofOneRepository.includes(error.code)) throw error;
      const { code, message, detail } = error;
      throw new StoreError(code, message, { ...detail, repository: gun }, error);
    }
  }

  async #read(gun: Gun, history: boolean): Promise<SourceRepository> {
    const { shelf } = this.#options;
    if (this.#shelved !== undefined) shelf.forget(this.#shelved);
    this.#shelved = gun;
    const kept = new Set<string>();
    const keep = (file: MetadataFile | undefined): number => {
      if (!file) return 0;
      const { role, version, bytes } = file;
      const name = `${role} ${version}`;
      if (!kept.has(name)) shelf.addFile(gun, { role, version, bytes });
      kept.add(name);
      return version;
    };
    const newest = await this.#file(gun, 'timestamp', 'timestamp.json');
    if (!newest) return { files: [] };
    const latest = new Map<RoleName, number>([['timestamp', keep(newest)]]);
    const snapshot = await this.#listed(gun, 'snapshot', newest);
    latest.set('snapshot', keep(snapshot));
    for (const role of snapshot ? rolesIn(snapshot) : []) {
      latest.set(role, keep(snapshot && (await this.#listed(gun, role, snapshot))));
    }
    for (const [role, version] of latest) {
      if (!history && role !== 'root') continue;
      // A server may say any number; what is older than this, nobody will ask for.
      let absent = 0;
      const oldest = Math.max(0, version - mostVersions);
      for (let at = version - 1; at > oldest && absent < mostAbsent; at -= atOnce) {
        const numbers = Array.from({ length: Math.min(atOnce, at) }, (_, i) => at - i);
        const found = numbers.map((n) => this.#file(gun, role, `${n}.${role}.json`));
        for (const file of await Promise.all(found)) absent = keep(file) > 0 ? 0 : absent + 1;
      }
    }
    return { files: await shelf.files(gun) };
  }

  /** A file that another one lists, by its hash. Whether it fits else is verified by whoever reads us. */
  async #listed(gun: Gun, role: RoleName, by: MetadataFile): Promise<MetadataFile | undefined> {
    const meta = 'meta' in by.signed ? by.signed.meta.get(role) : undefined;
    const sha256 = meta?.hashes.get('sha256');
    if (!sha256) return undefined;
    const name = `${role}.${toHex(sha256)}.json`;
    const file = await this.#file(gun, role, name);
    if (!file || file.sha256 === toHex(sha256)) return file;
    const url = this.#urlOf(gun, name);
    throw remoteError('REMOTE_ANSWER', { url, reason: 'not the bytes that the hash names' });
  }

  #urlOf(gun: Gun, name: string): string {
    return `${this.#options.origin}/v2/${gun}/_trust/tuf/${name}`;
  }

  /** @returns undefined when the server has none, or it is no metadata: verification tells then */
  async #file(gun: Gun, role: RoleName, name: string): Promise<MetadataFile | undefined> {
    const url = this.#urlOf(gun, name);
    const answer = await this.#get(url, `repository:${gun}:pull`, limitBytesOf(role));
    // notary-server answers 500 for a delegation that its snapshot does not list.
    if (answer.status === 404 || (answer.status === 500 && role.includes('/'))) return undefined;
    if (answer.status !== 200) throw status(url, answer);
    try {
      return parseMetadata(role, answer.body);
    } catch (error) {
      if (isStoreError(error)) return undefined;
      throw error;
    }
  }

  /** Every GUN whose last change is not a deletion, in the order of their first change. */
  async #fromChangefeed(prefix: string): Promise<string[]> {
    const alive = new Map<string, boolean>();
    let after = '0';
    for (;;) {
      const url = `${this.#options.origin}/v2/_trust/changefeed?records=${recordsPerPage}&change_id=${after}`;
      const answer = await this.#get(url, 'registry:catalog:*', pageLimitBytes);
      if (answer.status !== 200) throw this.#noFeed(`status ${answer.status}`);
      const records = this.#recordsOf(answer.body);
      for (const { gun, category } of records)
        if (gun.startsWith(prefix)) alive.set(gun, category !== 'deletion');
      if (alive.size > mostGuns) throw this.#noFeed(`it names more than ${mostGuns} repositories`);
      const last = records.at(-1)?.id;
      if (last === undefined || records.length < recordsPerPage) break;
      if (!(Number(last) > Number(after))) throw this.#noFeed('its changes do not go on');
      after = last;
    }
    return [...alive].flatMap(([gun, isAlive]) => (isAlive ? [gun] : []));
  }

  #recordsOf(body: Uint8Array) {
    try {
      const records = entriesOf(parseJson(body), 'changefeed').get('records') ?? [];
      return arrayOf(records, 'records').map((record: Json) => {
        const members = entriesOf(record, 'record');
        const id = stringOf(members.get('ID'), 'ID');
        if (!/^\d{1,15}$/.test(id)) throw this.#noFeed('an id is not a number');
        return {
          id,
          gun: stringOf(members.get('GUN'), 'GUN'),
          category: stringOf(members.get('Category'), 'Category'),
        };
      });
    } catch (error) {
      if (!isStoreError(error) || error.code.startsWith('NOTARY_')) throw error;
      throw this.#noFeed(error.message);
    }
  }

  #get(url: string, scope: string, limitBytes: number): Promise<Answer> {
    return this.#options.client.send({ method: 'GET', url: new URL(url) }, scope, limitBytes);
  }

  #noFeed(reason: string) {
    return notaryImportError('NOTARY_CHANGEFEED', { origin: this.#options.origin, reason });
  }
}

function rolesIn(snapshot: MetadataFile): RoleName[] {
  const names = 'meta' in snapshot.signed ? [...snapshot.signed.meta.keys()] : [];
  return names.flatMap((name) => {
    try {
      return [parseRoleName(name)];
    } catch {
      return [];
    }
  });
}

function status(url: string, answer: Answer) {
  const { pathname, origin } = new URL(url);
  return remoteError('REMOTE_STATUS', {
    ...{ method: 'GET', url: `${origin}${pathname}`, status: answer.status },
    explanation: '',
  });
}
