/**
 * The signer's transport: Notary's gRPC services and the health service over mutual TLS. It tells
 * the signer who calls, by the certificate that TLS verified, and turns refusals into status codes.
 * What a caller may do is `signer`'s to say.
 */
export { type SignerApi, startSignerApi } from './signer-api.ts';
