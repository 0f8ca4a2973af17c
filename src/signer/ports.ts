import type { PublicKey } from '../tuf/index.ts';

/** Whose key it is. Names as the calling server gave them; a GUN may be any text. */
export interface KeyOwner {
  readonly gun: string;
  readonly role: string;
}

/** The kinds of key that are made. */
export const algorithms = ['ecdsa', 'ed25519'] as const;
export type Algorithm = (typeof algorithms)[number];

/** A key that is held: never its private half. */
export interface HeldKey extends KeyOwner {
  readonly key: PublicKey;
}

/** Where keys are made, held and used. Private halves never leave it. */
export interface KeyHolder {
  /** The key of this owner and algorithm that never signed; made when there is none. */
  pending(owner: KeyOwner, algorithm: Algorithm, now: Date): Promise<HeldKey>;
  find(keyId: string): Promise<HeldKey | undefined>;
  /** @returns the signature as TUF has it: r and s for ECDSA; the key is no longer pending */
  sign(held: HeldKey, payload: Uint8Array, now: Date): Promise<Uint8Array>;
  /** Forgets the key; it is never found again. */
  remove(keyId: string, now: Date): Promise<void>;
}

/** Who calls, by the certificate that mutual TLS verified. */
export interface Caller {
  /** 64 lowercase hex digits: SHA-256 of the certificate. */
  readonly fingerprint: string;
  readonly commonName: string;
  /** DNS names and addresses of the certificate. */
  readonly names: readonly string[];
  /** When the certificate ends; TLS looks at that only when a connection begins. */
  readonly endsAt: Date;
}
