import { globSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ServerProcess } from './server-process.ts';

/**
 * What the server holds: how many rows each table has, and the files of blobs and of uploads under
 * way. Two of these are equal when a request in between has left nothing behind.
 */
export interface Holdings {
  readonly rows: Readonly<Record<string, number>>;
  readonly files: readonly string[];
}

export function holdings(server: ServerProcess): Holdings {
  return withDatabase(server, (database) => {
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .all()
      .map(({ name }) => String(name));
    const count = (table: string) =>
      Number(database.prepare(`SELECT count(*) AS count FROM "${table}"`).get()?.count);
    return {
      rows: Object.fromEntries(tables.map((table) => [table, count(table)])),
      files: globSync('{blobs,uploads}/**', { cwd: server.data, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort(),
    };
  });
}

/** How much of an image stands outside the zone that its producer pushed it to. */
export interface Traces {
  readonly manifests: number;
  readonly blobs: number;
  readonly tags: number;
  readonly trustFiles: number;
  readonly sealedFiles: number;
}

export const noTraces: Traces = { manifests: 0, blobs: 0, tags: 0, trustFiles: 0, sealedFiles: 0 };

/**
 * Links, tags and signatures of `<producer>/<name>` in the zones `certification` and `store`.
 * @param name  for example `acme/app`
 */
export function traces(server: ServerProcess, name: string): Traces {
  return withDatabase(server, (database) => {
    const zones = [`certification/${name}`, `store/${name}`];
    const linked = (table: string) =>
      database
        .prepare(`SELECT count(*) AS count FROM ${table} WHERE repository IN (?, ?)`)
        .get(...zones)?.count;
    const signed = (table: string) =>
      database
        .prepare(`SELECT count(*) AS count FROM ${table} WHERE gun LIKE ? OR gun LIKE ?`)
        .get(...zones.map((zone) => `%/${zone}`))?.count;
    return {
      manifests: Number(linked('repository_manifests')),
      blobs: Number(linked('repository_blobs')),
      tags: Number(linked('tags')),
      trustFiles: Number(signed('tuf_files')),
      sealedFiles: Number(signed('sealed_files')),
    };
  });
}

function withDatabase<T>(server: ServerProcess, read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(server.data, 'store.sqlite'), { readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
