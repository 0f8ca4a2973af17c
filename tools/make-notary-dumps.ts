import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, runCommand, succeeded } from '../test/support/command.ts';
import { MariadbServer } from '../test/support/mariadb-server.ts';
import { NotaryServers } from '../test/support/peers-notary.ts';
import { PostgresServer } from '../test/support/postgres-server.ts';

/**
 * Makes the dumps in test/fixtures/notary-db anew, from Debian's notary-server, notary-signer and
 * notary on PostgreSQL and on MariaDB; see the README there.
 */
const to = new URL('../test/fixtures/notary-db/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'cm-make-dumps-'));
const content = join(folder, 'content');
writeFileSync(content, 'content');

{
  await using postgres = await PostgresServer.start();
  await using old = await NotaryServers.start([
    await postgres.emptyUrl(),
    await postgres.emptyUrl(),
  ]);
  await publish(old, 'postgres');
  for (const [kind, url] of [
    ['server', old.serverDatabase],
    ['signer', old.signerDatabase],
  ] as const) {
    await dump(`${kind}-copy.postgres.sql`, 'pg_dump', '--no-owner', url);
    await dump(
      `${kind}-inserts.postgres.sql`,
      'pg_dump',
      '--no-owner',
      '--data-only',
      '--inserts',
      url,
    );
  }
}
{
  await using mariadb = await MariadbServer.start();
  await using old = await NotaryServers.start([await mariadb.emptyUrl(), await mariadb.emptyUrl()]);
  await publish(old, 'mariadb');
  for (const [kind, text] of [
    ['server', old.serverDatabase],
    ['signer', old.signerDatabase],
  ] as const) {
    const url = new URL(text);
    const where = [`-u${url.username}`, `-p${url.password}`, '-h', url.hostname, '-P', url.port];
    const name = url.pathname.slice(1);
    await dump(`${kind}.mysql.sql`, 'mariadb-dump', ...where, name);
    await dump(
      `${kind}-hex.mysql.sql`,
      'mariadb-dump',
      '--hex-blob',
      '--complete-insert',
      ...where,
      name,
    );
  }
}
rmSync(folder, { recursive: true });

/** `app`: the snapshot key lies with the server; `tool`: with the owner, and its root is rotated. */
async function publish(old: NotaryServers, who: string): Promise<void> {
  const notary = async (...args: string[]) => {
    const env = {
      ...plainEnvironment(),
      HOME: folder,
      NOTARY_ROOT_PASSPHRASE: 'root passphrase',
      NOTARY_TARGETS_PASSPHRASE: 'targets passphrase',
      NOTARY_SNAPSHOT_PASSPHRASE: 'snapshot passphrase',
    };
    const flags = ['-s', old.url, '--tlscacert', old.certificateFile, '-d', join(folder, who)];
    succeeded(await runCommand('notary', [...flags, ...args], { env, input: 'yes\n' }));
  };
  const [app, tool] = ['docker.example/acme/app', 'docker.example/acme/tool'];
  await notary('init', app);
  await notary('key', 'rotate', app, 'snapshot', '-r');
  await notary('add', app, `a'b\\c"é`, content, '-p');
  await notary('init', tool);
  await notary('add', tool, 'v1', content, '-p');
  await notary('key', 'rotate', tool, 'root');
}

async function dump(name: string, program: string, ...args: string[]): Promise<void> {
  // The program writes the file itself: a dump of MySQL holds bytes that are no text.
  const flag = program === 'pg_dump' ? '--file=' : '--result-file=';
  succeeded(await runCommand(program, [`${flag}${join(to, name)}`, ...args]));
}
