import { type Clock, Secret } from '../../base/index.ts';
import { nameOfBucketPlace } from '../bucket-place.ts';
import { type Config, nameOfDatabase, parseConfig, type ServeFlags } from '../config.ts';
import { openLog } from '../log.ts';
import { standardOutput } from '../output.ts';
import { DataFolder } from '../state/data-folder.ts';
import { stopSignal } from '../stop-signal.ts';
import { type RunningStore, startStore } from './start-store.ts';

/**
 * Runs a store until SIGTERM or SIGINT, then lets what is under way end.
 * @throws StoreError when it cannot start
 */
export async function serve(flags: ServeFlags, env: NodeJS.ProcessEnv, clock: Clock) {
  const { COUNTERMARK_DATABASE: database, COUNTERMARK_BLOBS: blobs } = env;
  const config = parseConfig({
    ...flags,
    database: flags.database ?? database,
    blobs,
  });
  const folder = DataFolder.open(config.dataFolder);
  // On PostgreSQL several stores may share the folder; the database keeps them apart.
  if (!config.database) folder.claim();
  await folder.belongTo(config.storeName);
  const log = openLog(env.COUNTERMARK_LOG ?? 'warn');
  const chosen = env.COUNTERMARK_ADMIN_PASSWORD;
  const adminPassword = chosen ? new Secret(chosen) : undefined;
  // They are not for child processes, nor for anybody who may read this process's environment later.
  delete env.COUNTERMARK_ADMIN_PASSWORD;
  delete env.COUNTERMARK_DATABASE;
  const stopped = stopSignal();
  await using store = await startStore(config, { folder, adminPassword, log, clock });
  standardOutput.write(greeting(config, store));
  await stopped;
  log.info({}, 'draining');
}

/** Where it listens, the first administrator's password once, and what to try next. */
function greeting(config: Config, store: RunningStore): string {
  const { origins, dataFolder, database, blobs, hold } = config;
  const [host] = origins;
  const lines = [
    '',
    `Countermark listens on https://${host}`,
    `  also known as  ${origins.slice(1).join(', ') || '(no other name)'}`,
    `  data           ${dataFolder}`,
    `  certificate    ${store.certificateFile ?? 'of the proxy in front; plain HTTP behind it'}`,
  ];
  if (blobs) lines.push(`  blobs          ${nameOfBucketPlace(blobs)}`);
  if (database) lines.push(`  database       ${nameOfDatabase(database)}`);
  if (hold !== undefined) lines.push(`  held           no candidate passes "${hold}"`);
  if (store.firstStart) lines.push(...firstWords(host, store.firstStart.password));
  return `${lines.join('\n')}\n\n`;
}

function firstWords(host: string, made: string | undefined): string[] {
  const server = host === 'localhost:5443' ? '' : ` --server https://${host}`;
  const known = made === undefined ? 'is the one you chose' : `(shown this once): ${made}`;
  const commands = [
    `export COUNTERMARK_USER=admin COUNTERMARK_PASSWORD=${made ?? '...'}; echo a-password | npx countermark${server} user add paula --role producer --namespace acme --password-stdin`,
    `docker login ${host} -u paula; DOCKER_CONTENT_TRUST=1 docker push ${host}/staging/acme/app:1`,
    `npx countermark${server} candidate list`,
  ];
  return [
    '',
    `The first administrator is "admin"; the password ${known}`,
    'Next, in another terminal:',
    ...commands.map((command) => `  ${command}`),
  ];
}
