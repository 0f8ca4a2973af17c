import type { experimental } from '@grpc/grpc-js';
import type { SignerTls } from './signer-api.ts';

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/**
 * Certificates of a server that runs, changed without closing its port or its connections.
 *
 * A new listener is told a moment later: gRPC adds it before it is ready to hear, and what it is
 * told within the call is lost (@grpc/grpc-js 1.14, CertificateProviderServerCredentials).
 */
export class ChangingTls implements experimental.CertificateProvider {
  #tls: SignerTls;
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();

  constructor(tls: SignerTls) {
    this.#tls = tls;
  }

  use(tls: SignerTls): void {
    this.#tls = tls;
    for (const listener of this.#caListeners) this.#tellCa(listener);
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    queueMicrotask(() => this.#tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    queueMicrotask(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  #tellCa(listener: CaListener): void {
    listener({ caCertificate: Buffer.from(this.#tls.ca) });
  }

  #tellIdentity(listener: IdentityListener): void {
    const { cert, key } = this.#tls;
    listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) });
  }
}
