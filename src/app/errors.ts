import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** What can be wrong with how the store is started. */
export const appErrors = {
  CONFIG_LISTEN: { message: '--listen {text}: write HOST:PORT, for example localhost:5443' },
  CONFIG_ORIGIN: {
    message: '--origin {text}: write the HOST or HOST:PORT that clients use, without https://',
  },
  CONFIG_STORE_NAME: {
    message:
      '--store-name {text}: use lowercase letters, digits, - and _, starting with a letter or digit; not "releases"',
  },
  CONFIG_STORE_NAME_CHANGED: {
    message:
      'this data folder belongs to the store "{known}", not "{text}"; start with --store-name {known}, or with another --data',
  },
  CONFIG_GUN_PREFIX: {
    message:
      '--gun-prefix {text}: write HOST[:PORT]/ or the first parts of other GUNs, as they are spelt, ending in /',
  },
  CONFIG_HOLD: { message: '--hold {text}: it is one of {steps}' },
  CONFIG_SIGNER: {
    message: '--signer HOST:PORT and --signer-pki DIR belong together; give both or none',
  },
  CONFIG_PKCS11: {
    message: '--pkcs11-module FILE and --pkcs11-token LABEL belong together; give both or none',
  },
  CONFIG_PKI: {
    message:
      '{flag} {folder}: ca.crt, {name}.crt and {name}.key cannot be used together: {reason}; copy all of them again, or make new ones with pki renew',
  },
  PKI_WITHDRAW: { message: '"{name}" cannot be withdrawn: {reason}' },
  PKI_RENEW: { message: '{path} cannot be renewed: {reason}' },
  SIGNER_MOVE_SOURCE: {
    message: '{flag} {path}: there is no {file} in it; name the folder that holds the keys',
  },
  PKI_EXISTS: {
    message:
      '{folder} has {name}.crt or {name}.key already, and they are kept; choose another folder or name',
  },
  PKI_NAME: {
    message: '"{name}" cannot stand in a certificate; write a host name (a client: in lower case)',
  },
  CONFIG_DATABASE: {
    message:
      '--database or COUNTERMARK_DATABASE cannot be read; write postgres://USER@HOST/DATABASE, or leave it out to keep the store in the data folder',
  },
  CONFIG_BLOBS: {
    message:
      'COUNTERMARK_BLOBS cannot be used: {reason}; write s3://BUCKET/PREFIX?region=REGION, see docs/operations/s3.md',
  },
  CONFIG_BLOBS_ELSEWHERE: {
    message:
      'the blobs of this store lie in {known}, not in {text}; name the one they lie in, or remove {path} once all are copied',
  },
  BLOBS_FAILED: {
    message: 'the blobs in {place} cannot be opened: {reason}; see docs/operations/s3.md',
  },
  DATABASE_FAILED: {
    message:
      'the database {database} cannot be opened: {reason}; see docs/operations/postgresql.md for what it must be',
  },
  DATABASE_NOT_EMPTY: {
    message:
      'the database {database} has rows already, and they are kept; make an empty one for the store',
  },
  DATABASE_MOVED: {
    message:
      'this store was moved into PostgreSQL; start it with COUNTERMARK_DATABASE, or rename {path} back if nothing was published since',
  },
  CONFIG_FILE: {
    message:
      '{flag} {path} cannot be read ({reason}); see that it is there and that you may read it',
  },
  DOCKER_FAILED: { message: '{reason}' },
  CONFIG_TRUST_SERVER: { message: 'valid https URL required for trust server, got {server}' },
  CONFIG_TLS_FOLDER: {
    message:
      'the certificates in {folder} cannot be used: {reason}; repair the folder, or move it away',
  },
  CONFIG_TLS: {
    message: 'tls/cert.pem and tls/key.pem of the data folder do not belong together; replace both',
  },
  DATA_FOLDER_IN_USE: {
    message: '{path} is in use by process {pid}; stop that one, or choose another --data',
  },
  DATA_FOLDER_UNKNOWN: {
    message: '{path} is no data folder of a store; name the one that `serve --data` has',
  },
  REGISTRY_IMPORT_NAME: {
    message:
      '{name} cannot be {as} here: no repository name, or in a zone of the chain; give --into NAMESPACE, or name others',
  },
  REGISTRY_IMPORT_MISSING: { message: 'the folder has no {names}; leave the names out for all' },
  LISTEN_FAILED: { message: 'cannot listen on {listen}: {reason}; choose another --listen' },
} satisfies Record<string, ErrorSpec>;

export const appError = errorFactory(appErrors);
