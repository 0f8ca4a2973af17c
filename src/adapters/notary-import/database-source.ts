import { isStoreError } from '../../base/index.ts';
import type { ImportSource, ServerRole, SourceRepository } from '../../trust/index.ts';
import { authorityOf, type Gun, parseRoot } from '../../tuf/index.ts';
import type { ServerRows, SignerRows } from './rows.ts';
import { openSignerKeys } from './signer-keys.ts';
import { type Wanted, wantedOf } from './wanted.ts';

/** Repositories of notary-server's database, with the keys of notary-signer's when it is there. */
export class DatabaseSource implements ImportSource {
  readonly #server: ServerRows;
  readonly #signer: SignerRows | undefined;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #wanted: Wanted;

  constructor(options: {
    readonly server: ServerRows;
    readonly signer?: SignerRows | undefined;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly wanted: Wanted;
  }) {
    this.#server = options.server;
    this.#signer = options.signer;
    this.#env = options.env;
    this.#wanted = options.wanted;
  }

  async *names(): AsyncGenerator<string> {
    yield* wantedOf(this.#wanted, this.#server.guns());
  }

  async read(gun: Gun): Promise<SourceRepository> {
    const files = await this.#server.files(gun);
    if (!this.#signer) return { files };
    const root = await files.findLast(({ role }) => role === 'root')?.read();
    const keys = await openSignerKeys(this.#signer, gun, namedKeys(root), this.#env);
    return { files, keys };
  }
}

/** The server keys that the newest root names; nothing of it is believed by this. */
function namedKeys(root: Uint8Array | undefined): ReadonlyMap<string, ServerRole> {
  const named = new Map<string, ServerRole>();
  try {
    if (!root) return named;
    const { signed } = parseRoot(root);
    for (const role of ['timestamp', 'snapshot'] as const) {
      for (const id of authorityOf(signed, role).keys.keys()) named.set(id, role);
    }
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
  return named;
}
