import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** What can be wrong with how a signer keeps its keys. */
export const signerKeyErrors = {
  SIGNER_ALIAS: {
    message:
      'the passphrase alias "{alias}" is not usable; write 1 to 50 letters, digits and _, not DEFAULT_ALIAS',
  },
  SIGNER_PASSPHRASE: {
    message:
      'there is no passphrase for the alias "{alias}"; set COUNTERMARK_SIGNER_{variable} or NOTARY_SIGNER_{variable}',
  },
  SIGNER_KEY_UNREADABLE: {
    message:
      'the key {keyId} of {role} in {gun} does not open with the passphrase of "{alias}"; give the passphrase it was made with, or restore the database',
  },
  SIGNER_TOKEN: {
    message: 'the PKCS#11 token "{token}" cannot be used: {reason}; check module, label and PIN',
  },
  SIGNER_TOKEN_LIBRARY: {
    message:
      'what talks to PKCS#11 tokens, the npm package pkcs11js, is not here or does not load; install a C++ compiler and run npm install again, and for the one executable build it after that, on a machine of the kind it is for',
  },
  SIGNER_TOKEN_ALGORITHM: {
    message: 'the token makes ecdsa keys only, not {algorithm}; configure the server for ecdsa',
  },
  SIGNER_MOVE_KEY: {
    message: 'the key {keyId} of {role} in {gun} cannot be moved: {reason}; nothing was moved',
  },
  SIGNER_MOVE_ELSEWHERE: {
    message:
      'the key {keyId} of {role} in {gun} is in the signer already, for {otherRole} in {otherGun}; nothing was moved, find out which of the two is right',
  },
  SIGNER_MOVE_MISSING: {
    message:
      'the signer does not hold the key {keyId} of {role} in {gun}; nothing was removed from the store, move its keys again',
  },
} satisfies Record<string, ErrorSpec>;

export const signerKeyError = errorFactory(signerKeyErrors);
