/** A private key as it is kept: public half in the clear, private half sealed. */
export interface PrivateKeyRow {
  readonly keyId: string;
  readonly gun: string;
  readonly role: string;
  readonly keyType: string;
  readonly publicBytes: Uint8Array;
  /** What `sealKey` made. */
  readonly sealed: Uint8Array;
  /** False while the key is pending: announced, and nothing signed with it. */
  readonly used: boolean;
}

/** Where sealed private keys are kept. */
export interface PrivateKeyStore {
  /** The key of this GUN and role that was never used; at most one exists. */
  pending(gun: string, role: string): Promise<PrivateKeyRow | undefined>;
  /** The key of this GUN and role that was made last, used or not. */
  newest(gun: string, role: string): Promise<PrivateKeyRow | undefined>;
  /** Looked up by owner as well: an id alone finds nothing. */
  find(gun: string, role: string, keyId: string): Promise<PrivateKeyRow | undefined>;
  /** Adds a pending key; does nothing when this GUN and role have one. */
  add(row: PrivateKeyRow, now: Date): Promise<void>;
  /** Records the first use; the key is no longer pending. */
  markUsed(keyId: string, now: Date): Promise<void>;
}
