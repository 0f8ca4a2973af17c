import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { BucketPlace } from '../adapters/blobs/s3/index.ts';
import { Secret } from '../base/index.ts';
import { type Job, jobs } from '../chain/index.ts';
import { isGun } from '../tuf/index.ts';
import { parseBucketPlace } from './bucket-place.ts';
import { appError } from './errors.ts';

/** What the operator chose on the command line, unread. */
export interface ServeFlags {
  readonly data: string;
  /** A `postgres://` URL; it may hold a password. */
  readonly database?: string | undefined;
  /** Of COUNTERMARK_BLOBS: an `s3://` URL. */
  readonly blobs?: string | undefined;
  readonly listen: string;
  readonly plainHttp?: boolean | undefined;
  readonly storeName?: string | undefined;
  readonly policy?: string | undefined;
  readonly advisories?: string | undefined;
  readonly origin?: readonly string[] | undefined;
  readonly hold?: string | undefined;
  readonly gunPrefix?: readonly string[] | undefined;
  readonly signer?: string | undefined;
  readonly signerPki?: string | undefined;
}

/** How one store runs. Everything here may be printed. */
export interface Config {
  readonly dataFolder: string;
  /** The PostgreSQL database that is used instead of a file in the data folder. */
  readonly database: Secret | undefined;
  /** The bucket that has the blobs instead of the data folder. */
  readonly blobs: BucketPlace | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  /** No TLS here: a proxy in front speaks it, and clients know the store by https as ever. */
  readonly plainHttp: boolean;
  /** The names by which clients reach the store, the first one first: the HOST[:PORT] of its GUNs. */
  readonly origins: readonly [string, ...string[]];
  readonly storeName: string;
  readonly policyFile: string | undefined;
  readonly advisoriesFolder: string | undefined;
  /** A link of the chain that does not run until the store is started without it. */
  readonly hold: Job | 'admit' | undefined;
  /** What the GUNs begin with that the trust server serves over HTTP; all, when there are none. */
  readonly gunPrefixes: readonly string[];
  /** The signer that holds the keys of snapshots and timestamps; in this process when absent. */
  readonly signer: { readonly address: string; readonly pki: string } | undefined;
}

/**
 * @throws StoreError CONFIG_LISTEN, CONFIG_ORIGIN, CONFIG_STORE_NAME, CONFIG_HOLD, CONFIG_GUN_PREFIX,
 *         CONFIG_SIGNER, CONFIG_DATABASE, CONFIG_BLOBS
 */
export function parseConfig(flags: ServeFlags): Config {
  const listen = parseListen(flags.listen);
  return {
    dataFolder: resolve(flags.data),
    database: flags.database ? parseDatabase(flags.database) : undefined,
    blobs: flags.blobs ? parseBucketPlace(flags.blobs) : undefined,
    listen,
    plainHttp: flags.plainHttp ?? false,
    origins: originsOf(listen, (flags.origin ?? []).map(parseOrigin)),
    storeName: parseStoreName(flags.storeName ?? 'countermark'),
    policyFile: flags.policy === undefined ? undefined : resolve(flags.policy),
    advisoriesFolder: flags.advisories === undefined ? undefined : resolve(flags.advisories),
    hold: flags.hold === undefined ? undefined : parseHold(flags.hold),
    gunPrefixes: (flags.gunPrefix ?? []).map(parseGunPrefix),
    signer: parseSigner(flags),
  };
}

function parseSigner({ signer, signerPki }: ServeFlags): Config['signer'] {
  if (signer === undefined && signerPki === undefined) return undefined;
  if (signer === undefined || signerPki === undefined) throw appError('CONFIG_SIGNER');
  const { host, port } = parseListen(signer);
  const name = host.includes(':') ? `[${host}]` : host;
  return { address: `${name}:${port}`, pki: resolve(signerPki) };
}

/**
 * What is wrong with the URL is not repeated: it may hold a password.
 * @throws StoreError CONFIG_DATABASE
 */
export function parseDatabase(text: string): Secret {
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol)) {
    throw appError('CONFIG_DATABASE');
  }
  return new Secret(text);
}

/** Where a database is, for people: server and name, and nothing else of the URL. */
export function nameOfDatabase(url: Secret): string {
  const { host, pathname } = new URL(url.reveal());
  return `postgres://${host}${pathname}`;
}

/** @throws StoreError CONFIG_LISTEN */
export function parseListen(text: string): Config['listen'] {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) throw appError('CONFIG_LISTEN', { text });
  return { host: host.toLowerCase(), port };
}

function parseOrigin(text: string): string {
  if (!/^(\[[0-9a-f:]+\]|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)(:\d{1,5})?$/.test(text.toLowerCase())) {
    throw appError('CONFIG_ORIGIN', { text });
  }
  return text.toLowerCase();
}

/**
 * A GUN holds the name the client used, so the store must know all of its names. On loopback a
 * client may say `localhost` or the address; elsewhere it is the name listened on, or what
 * `--origin` says. Docker leaves out port 443.
 */
function originsOf(listen: Config['listen'], extra: readonly string[]): Config['origins'] {
  const { host, port } = listen;
  const everywhere = host === '0.0.0.0' || host === '::';
  const loopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  const hosts = everywhere ? [hostname().toLowerCase()] : [host.includes(':') ? `[${host}]` : host];
  if (everywhere || loopback) hosts.push('localhost', '127.0.0.1');
  const listened = hosts.flatMap((name) =>
    port === 443 ? [name, `${name}:443`] : [`${name}:${port}`],
  );
  const [first, ...others] = [...new Set([...extra, ...listened])];
  return [first as string, ...others];
}

function parseStoreName(text: string): string {
  if (!/^[a-z0-9][-a-z0-9_]{0,63}$/.test(text) || text === 'releases') {
    throw appError('CONFIG_STORE_NAME', { text });
  }
  return text;
}

/** As Notary takes them: whole components, from the start. */
function parseGunPrefix(text: string): string {
  if (!text.endsWith('/') || !isGun(text.slice(0, -1))) {
    throw appError('CONFIG_GUN_PREFIX', { text });
  }
  return text;
}

function parseHold(text: string): Config['hold'] {
  const steps = ['admit', ...jobs] as const;
  const hold = steps.find((step) => step === text);
  if (hold === undefined) throw appError('CONFIG_HOLD', { text, steps });
  return hold;
}
