import type { SourceFile } from '../../trust/index.ts';

/** A row of the signer's table `private_keys`. */
export interface SignerRow {
  readonly keyId: string;
  readonly gun: string;
  readonly role: string;
  /** `ecdsa`, `ed25519` or `rsa`. */
  readonly algorithm: string;
  readonly alias: string;
  readonly publicBytes: Uint8Array;
  /** A compact JWE. */
  readonly encrypted: Uint8Array;
  /** Never signed with. */
  readonly pending: boolean;
}

/** What is in the server's table `tuf_files`, wherever it is read from. Deleted rows are not. */
export interface ServerRows {
  guns(): AsyncIterable<string>;
  /** By role and version. */
  files(gun: string): Promise<readonly SourceFile[]>;
}

/** What is in the signer's table `private_keys`: rows of this GUN, and those that name none. */
export interface SignerRows {
  keys(gun: string): Promise<readonly SignerRow[]>;
  /** All rows, by key id. */
  everyKey(): AsyncIterable<SignerRow>;
}
