/**
 * ASN.1 values in DER: the few types that certificates and encrypted private keys are made of. What
 * arrives from outside is read by `node:crypto`, but for the frame of an encrypted private key.
 */
export * from './der.ts';
export { type DerValue, readInside, readNumber, readValues } from './read.ts';
