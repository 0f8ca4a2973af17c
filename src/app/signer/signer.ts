import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import {
  DatabaseKeys,
  KeptKeys,
  KeyRows,
  openSignerDatabase,
  openToken,
  Passphrases,
  type SignerDatabase,
} from '../../adapters/signer-keys/index.ts';
import { type Clock, isStoreError, Secret } from '../../base/index.ts';
import type { SignerFlags } from '../../cli/index.ts';
import { type SignerApi, startSignerApi } from '../../http/signer-api/index.ts';
import { type Access, KeyService } from '../../signer/index.ts';
import { parseDatabase, parseListen } from '../config.ts';
import { appError } from '../errors.ts';
import { openLog } from '../log.ts';
import { standardOutput } from '../output.ts';
import { databaseFailed } from '../state/open-store-database.ts';
import { stopSignal } from '../stop-signal.ts';
import { readMutualTls, watchMutualTls } from './mutual-tls.ts';
import { readAccess, watchAccess } from './signer-access.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the signer keeps its keys, within its data folder. */
export const databaseFile = 'signer.sqlite';

/**
 * Runs a signer until SIGTERM or SIGINT, then lets what is under way end.
 * @throws StoreError when it cannot start
 */
export async function runSigner(flags: SignerFlags, env: Environment, clock: Clock): Promise<void> {
  const log = openLog(env.COUNTERMARK_LOG ?? 'warn');
  const stopped = stopSignal();
  await using _signer = await startSigner(flags, env, clock, log);
  standardOutput.write(`Countermark's signer listens on ${flags.listen}\n`);
  await stopped;
}

/**
 * Opens the keys and listens.
 * @throws StoreError of the configuration, the passphrases and the token: then nothing is left open
 */
export async function startSigner(
  flags: SignerFlags,
  env: Environment,
  clock: Clock,
  log: Logger,
): Promise<SignerApi> {
  await using undo = new AsyncDisposableStack();
  const listen = parseListen(flags.listen);
  // It is watched before it is read: who is withdrawn while a signer starts is withdrawn.
  let changed = (change: Partial<Access>): void => {
    access = { ...access, ...change };
  };
  undo.use(watchAccess(flags, log, (change) => changed(change)));
  let access = readAccess(flags);
  const files = { flag: '--pki', folder: flags.pki, name: 'signer' } as const;
  const tls = readMutualTls(files);
  const { rows, keys, close } = await openKeys(flags, env);
  undo.defer(close);
  const { pkcs11Module: module, pkcs11Token: token } = flags;
  if ((module === undefined) !== (token === undefined)) throw appError('CONFIG_PKCS11');
  const pin = new Secret(env.COUNTERMARK_SIGNER_PIN ?? '');
  const tokenKeys =
    module !== undefined && token !== undefined
      ? await openToken({ module, token, pin })
      : undefined;
  if (tokenKeys) undo.defer(async () => tokenKeys[Symbol.dispose]());
  const service = new KeyService(new KeptKeys(rows, keys, tokenKeys), access);
  changed = (change) => service.change(change);
  const api = await startSignerApi({
    service,
    listen,
    tls,
    clock,
    requireReady: () => rows.requireAnswer(),
    report: ({ error, unexpected, ...call }) => {
      if (unexpected) log.error({ ...call, err: error }, 'signer call failed');
      else if (isStoreError(error)) log.warn({ ...call, code: error.code }, 'signer call refused');
      else log.info(call, 'signer call answered');
    },
  }).catch((cause: Error) => {
    throw appError('LISTEN_FAILED', { listen: flags.listen, reason: cause.message }, cause);
  });
  undo.use(api);
  undo.use(watchMutualTls(files, tls, { log, clock }, (next) => api.useTls(next)));
  const open = undo.move();
  return { ...api, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Seals every key of a signer's data folder again under the default alias. @returns how many */
export async function reencrypt(
  flags: Pick<SignerFlags, 'data' | 'defaultAlias'>,
  env: Environment,
): Promise<number> {
  const { keys, close } = await openKeys(flags, env);
  try {
    return await keys.resealAll();
  } finally {
    await close();
  }
}

async function openKeys(flags: Pick<SignerFlags, 'data' | 'defaultAlias'>, env: Environment) {
  const { db, passphrases } = await openSigner(flags, env);
  const rows = new KeyRows(db);
  return { rows, keys: new DatabaseKeys(rows, passphrases), close: () => db.destroy() };
}

/**
 * The database that COUNTERMARK_SIGNER_DATABASE names, or the file in the data folder, which is made
 * when absent; and what opens its keys.
 * @throws StoreError SIGNER_ALIAS, SIGNER_PASSPHRASE, CONFIG_DATABASE, DATABASE_FAILED
 */
export async function openSigner(
  flags: Pick<SignerFlags, 'data' | 'defaultAlias'>,
  env: Environment,
): Promise<{ db: SignerDatabase; passphrases: Passphrases }> {
  const passphrases = new Passphrases(env, flags.defaultAlias);
  const { COUNTERMARK_SIGNER_DATABASE: url } = env;
  if (url) return { db: await openPostgres(parseDatabase(url)), passphrases };
  const folder = resolve(flags.data);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return { db: await openSignerDatabase(join(folder, databaseFile)), passphrases };
}

async function openPostgres(database: Secret): Promise<SignerDatabase> {
  try {
    return await openSignerDatabase(database.reveal());
  } catch (cause) {
    throw databaseFailed(database, cause);
  }
}
