import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemCodeOf } from '../base/index.ts';
import { cliError } from './errors.ts';
import type { CliWorld } from './ports.ts';
import { StoreClient } from './store/store-client.ts';

/** Options that every command takes, before its name or after it. */
export interface CommonOptions {
  readonly server?: string;
  readonly cacert?: string;
  readonly json?: boolean;
}

const defaultServer = 'https://localhost:5443';

/**
 * Runs a command that asks the store: connects as the common options say, and prints what the
 * command gives, as JSON or for people.
 */
export async function ask<T>(
  world: CliWorld,
  command: Command,
  work: (store: StoreClient) => Promise<T>,
  render: (value: T, store: StoreClient) => string,
): Promise<T> {
  const { json, ...options } = command.optsWithGlobals<CommonOptions>();
  const server = parseServer(options.server ?? world.env.COUNTERMARK_SERVER ?? defaultServer);
  using http = world.connect(await trustOf(options.cacert));
  const store = new StoreClient(world, http, server);
  const value = await work(store);
  world.print(json ? `${JSON.stringify(value, null, 2)}\n` : render(value, store));
  return value;
}

/** @throws StoreError CLI_SERVER unless it is https://HOST[:PORT], with nothing behind */
export function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.protocol === 'https:' && url.pathname === '/' && !url.search && !url.hash;
  if (!url || !isPlain || url.username || url.password) {
    throw cliError('CLI_SERVER', { server: text.slice(0, 200) });
  }
  return url;
}

/** The certificates of `--cacert`, which alone count then. */
export async function trustOf(cacert: string | undefined): Promise<{ ca?: string }> {
  if (cacert === undefined) return {};
  try {
    return { ca: await readFile(cacert, 'utf8') };
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw cliError('CLI_FILE', { file: cacert, reason }, cause);
  }
}
