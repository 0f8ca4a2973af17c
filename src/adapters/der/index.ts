/**
 * Writes ASN.1 values in DER: the few types that certificates and encrypted private keys are made
 * of. It reads nothing; what arrives from outside is read by `node:crypto`.
 */
export * from './der.ts';
