import { randomBytes } from 'node:crypto';
import { Argon2idPasswords } from '../../adapters/passwords/index.ts';
import { hold } from '../../adapters/sql/hold.ts';
import type { Random } from '../../base/index.ts';
import { createAuth } from '../../http/auth/index.ts';
import { RenewalCounts } from '../../http/ops/index.ts';
import type { Config } from '../config.ts';
import { appError } from '../errors.ts';
import { closeServer } from '../server/server.ts';
import { openTls } from '../server/tls.ts';
import { openBlobs } from '../state/open-blobs.ts';
import { assembleChain } from './assemble-chain.ts';
import { addFirstAdministrator } from './first-administrator.ts';
import { openRegistry } from './open-registry.ts';
import { openTables } from './open-tables.ts';
import { openTrust } from './open-trust.ts';
import { makeReview, readPolicy } from './review.ts';
import { careForStore } from './store-care.ts';
import { makeStoreServer } from './store-server.ts';
import type { Surroundings } from './surroundings.ts';

const random: Random = (size) => randomBytes(size);

/** A store that answers and works, until it is disposed of. */
export interface RunningStore extends AsyncDisposable {
  /** Undefined where a proxy in front has one. */
  readonly certificateFile: string | undefined;
  /** When this start made the user `admin`: the password, unless somebody had chosen one. */
  readonly firstStart: { readonly password: string | undefined } | undefined;
}

/**
 * Opens the data folder, wires every part to the others, listens and sets the chain to work.
 * Disposing of it lets requests and steps under way end first.
 *
 * @param adminPassword  for `admin` at the first start; one is made when absent
 * @throws StoreError of `app`, of the policy and of the keys: then nothing is left open
 */
export async function startStore(
  config: Config,
  { folder, adminPassword, log, clock }: Surroundings,
): Promise<RunningStore> {
  await using undo = new AsyncDisposableStack();
  const policy = await readPolicy(config);
  const { tagRules } = policy.registry;
  const tables = await openTables(config, folder, () => worker.notify(), undo);
  // Of several stores that start together one makes the keys, the administrator, the certificate.
  await using starting = await hold(tables.db, 'start');
  const blobs = await openBlobs(config, folder);
  undo.defer(() => blobs[Symbol.dispose]?.());
  const signing = await openTrust(config, tables, { folder, log, clock }, undo);

  const auth = createAuth({
    users: tables.users,
    instantUsers: tables.reads,
    passwords: new Argon2idPasswords(),
    policy: { ...policy, deletionRecalls: tagRules.deleteSigned === 'revoke' },
    origins: config.origins,
    service: config.storeName,
    tokenKey: await folder.secret('token'),
    random,
    clock,
  });
  const firstStart = await addFirstAdministrator(auth.users, random, adminPassword);
  const tls = config.plainHttp ? undefined : openTls(folder.tls, hostsOf(config), clock());

  const parts = { tables, blobs, signing, log, clock };
  const review = await makeReview(config, policy, { images: tables.index, blobs });
  const { worker, desk } = assembleChain(config, { ...parts, review, tagRules, random });
  const registry = await openRegistry(config, policy.registry, { ...parts, folder, random }, undo);
  const renewals = new RenewalCounts();
  const stopping = new AbortController();
  const server = await makeStoreServer(config, policy, {
    ...{ ...parts, registry, auth, desk, renewals, tls },
    isDraining: () => stopping.signal.aborted,
  });
  undo.defer(() => closeServer(server));

  const work = [
    worker.run(stopping.signal),
    ...careForStore(config, policy, { ...parts, registry, renewals }, stopping.signal),
  ];
  undo.defer(async () => {
    stopping.abort();
    await Promise.all(work);
  });
  await server.listen(config.listen).catch((cause: Error) => {
    const { host, port } = config.listen;
    throw appError('LISTEN_FAILED', { listen: `${host}:${port}`, reason: cause.message }, cause);
  });

  await starting[Symbol.asyncDispose]();
  const open = undo.move();
  return {
    certificateFile: tls?.certificateFile,
    firstStart,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Names and addresses that the certificate must have. */
function hostsOf({ listen, origins }: Config): string[] {
  const named = origins.map((origin) => origin.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  return [...new Set([listen.host, ...named])];
}
