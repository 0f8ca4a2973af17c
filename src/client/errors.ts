import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** Codes of content trust as its users meet it: pins, kept metadata, publishing, verifying. */
export const clientErrors = {
  CLIENT_NO_TRUST_DATA: {
    message: '{gun} has no trust data: nobody has signed anything there yet, or you may not see it',
  },
  CLIENT_CACHE_DAMAGED: {
    message:
      'the {role} file kept for {gun} is damaged ({reason}); nothing was trusted without it. Restore it, or remove the folder kept for this repository and trust its root anew',
  },
  CLIENT_PIN_MISMATCH: {
    message:
      'no root of {gun} is signed by a pinned key; its current root is signed by {keyIds}. Ask its publisher which is right before you change the pin',
  },
  CLIENT_FIRST_USE: {
    message:
      'nothing is known yet of {gun}, and the trust policy trusts no root on first use; pin its root there, or have its owner tell you the root key id',
  },
  CLIENT_POLICY_NO_RULE: {
    message: 'no rule of the trust policy fits {gun}, and it refuses everything else; add a rule',
  },
  CLIENT_POLICY_ROLE: {
    message:
      '{name} of {gun} is not signed by {role}, as the trust policy asks (rule {pattern}); have it signed there',
  },
  CLIENT_POLICY_SIGNERS: {
    message:
      '{name} of {gun} is vouched for by {found} signers, each with a key of its own, where the trust policy asks for {wanted} (rule {pattern}); have more of them sign it',
  },
  CLIENT_NO_TAG: { message: '{image} names neither a tag nor a digest; add one' },
  CLIENT_DIGEST_NOT_SIGNED: {
    message: 'no released tag of {gun} is signed for {digest}',
  },
  CLIENT_DIGEST_DIFFERS: {
    message: '{tag} is signed for {signed}, not for {wanted}',
  },
  CLIENT_NO_SIGNING_KEY: {
    message:
      'no key for any of the roles {roles} of {gun} is in the trust folder; ask its owner to add your key as a signer',
  },
  CLIENT_KEY_MISSING: {
    message:
      'too few of the keys that sign {role} of {gun} are in the trust folder; it needs {threshold} of {keyIds}. Copy them there from their backup, or ask their owner to sign',
  },
  CLIENT_TARGET_NOT_YOURS: {
    message: 'no role of {gun} that you hold a key for has signed {name}; nothing was changed',
  },
  CLIENT_NO_DELEGATION: {
    message: '{gun} has no delegation {role}; see delegation ls. Nothing was changed',
  },
  CLIENT_KEY_NOT_FOUND: {
    message:
      'no delegation of {gun} that you can change has what is to be removed (keys {keyIds}); nothing was changed',
  },
  CLIENT_ROLE_UNSIGNED: {
    message:
      'keys by whose signatures {role} of {gun} holds are taken away by the same publish: who signs it again would vouch for all that they had signed. Take them away by a publish of its own first, or witness {role} before this change, if you do vouch for what is in it. Nothing was changed',
  },
  CLIENT_ROLE_UNREAD: {
    message:
      '{role} of {gun} was signed before, and now it cannot be read: the trust server leaves it out, or {above} does not hold. Nothing was changed; witness {above} if that is what does not hold, or ask who runs the server',
  },
  CLIENT_OUTSIDE_PATHS: {
    message:
      '{role} of {gun} may not sign {name}: it begins with none of its prefixes ({paths}); see delegation ls. Nothing was changed',
  },
  CLIENT_STAGED_REFUSED: {
    message:
      'change {number} of those staged for {gun} cannot be made: {reason}. Nothing was published, and all of them stay staged; take it out with reset --number {number} (its file is {file})',
  },
  CLIENT_STAGED_LEFT: {
    message:
      'the changes staged for {gun} were published, but not all of them could be taken out of the list: {reason}. Take them out with reset, or they are published again',
  },
  CLIENT_KEY_OF_SERVER: {
    message: "the {role} key is always the server's; say --server-managed to give it a new one",
  },
  CLIENT_KEY_OF_PUBLISHER: {
    message: 'the server never holds a {role} key; leave --server-managed out',
  },
  CLIENT_SUPERSEDED: {
    message:
      'others published to {gun} {attempts} times while this update was being made; nothing was changed, try again',
  },
  CLIENT_PUBLISHED_UNREAD: {
    message: 'the update of {gun} was published, but reading it back failed: {reason}',
  },
  CLIENT_MANIFEST_MISSING: {
    message: 'the registry has no manifest {digest} in {repository}, although it is signed',
  },
  CLIENT_BLOB_MISSING: { message: 'the registry has no {what} {digest} in {repository}' },
  CLIENT_SIZE_MISMATCH: {
    message: '{what} {digest} has {found} bytes where {expected} are promised',
  },
  CLIENT_DIGEST_MISMATCH: {
    message: 'the bytes of {what} {expected} have the digest {found}: they were changed',
  },
  CLIENT_TOO_MANY_PARTS: {
    message: 'the image {digest} has more than {limit} manifests and blobs; it is not verified',
  },
} satisfies Record<string, ErrorSpec>;

export type ClientErrorCode = keyof typeof clientErrors;

export const clientError = errorFactory(clientErrors);
