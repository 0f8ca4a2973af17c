/**
 * Makes the kinds of X.509 certificate the product needs: the one that carries a root key in TUF
 * metadata, the one with which a store without a PKI answers TLS, and those with which a signer and
 * its trust servers know each other. It judges none: which root certificate is acceptable is
 * decided by `tuf`.
 */
export { type MemberRequest, makeAuthority, makeMember } from './mutual-tls.ts';
export { type Member, readMember } from './read-member.ts';
export {
  makeRootCertificate,
  makeRootCertificateElsewhere,
  type RootCertificateRequest,
} from './root-certificate.ts';
export {
  isTlsCertificateUsable,
  makeTlsCertificate,
  type TlsCertificate,
  type TlsCertificateRequest,
} from './tls-certificate.ts';
