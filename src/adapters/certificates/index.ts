/**
 * Makes the two kinds of X.509 certificate the product needs: the one that carries a root key in
 * TUF metadata, and the one with which a store without a PKI answers TLS. It judges none: which
 * root certificate is acceptable is decided by `tuf`.
 */
export { makeRootCertificate, type RootCertificateRequest } from './root-certificate.ts';
export {
  isTlsCertificateUsable,
  makeTlsCertificate,
  type TlsCertificate,
  type TlsCertificateRequest,
} from './tls-certificate.ts';
