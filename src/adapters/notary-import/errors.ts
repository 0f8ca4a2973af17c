import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** What can be wrong with what another Notary left: dumps, databases, encrypted keys, lists. */
export const notaryImportErrors = {
  NOTARY_FILE: { message: '{file} cannot be read ({reason}); check the path' },
  NOTARY_DUMP_FORMAT: {
    message:
      '{file} is no plain SQL dump; make one with pg_dump --format=plain, or with mysqldump, and without compression',
  },
  NOTARY_DUMP_MALFORMED: {
    message: '{file} cannot be read as a dump: {reason}; make it again, nothing was written',
  },
  NOTARY_DUMP_EMPTY: {
    message: '{file} has no rows of {table}; dump that table of the notary database',
  },
  NOTARY_DATABASE: {
    message: 'the database {url} cannot be read: {reason}; check its address, user and tables',
  },
  NOTARY_DATABASE_URL: {
    message: '{flag} is not the address of a database; write postgres://... or mysql://...',
  },
  NOTARY_PASSPHRASE_NEEDED: {
    message:
      'the key {keyId} of {gun} is locked with the passphrase of "{alias}"; set {variable}, as for notary-signer; nothing was written',
  },
  NOTARY_PASSPHRASE_WRONG: {
    message:
      '{variable} does not open the key {keyId} of {gun}; set the passphrase of "{alias}" that notary-signer has; nothing was written',
  },
  NOTARY_KEY_MALFORMED: {
    message: 'the key {keyId} of {gun} in the signer database is not usable: {reason}',
  },
  NOTARY_KEY_NAMELESS: {
    message:
      'the key {keyId} names no repository, as signers before 0.4 wrote them; import both databases into a store, which finds its owner, and move the keys from there; nothing was moved',
  },
  NOTARY_SERVER_URL: { message: '--from {url} is not a server; write https://HOST[:PORT]' },
  NOTARY_CHANGEFEED: {
    message:
      '{origin} does not tell which repositories it has ({reason}); name them, or give --guns-file',
  },
} satisfies Record<string, ErrorSpec>;

export const notaryImportError = errorFactory(notaryImportErrors);
