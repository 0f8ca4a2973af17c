import type { Link } from '../../client/index.ts';

/** The rule that did not hold, and what whoever meets that can do. */
export interface Diagnosis {
  readonly rule: string;
  readonly remedy: string;
}

/** What a remedy may name. */
export interface Patient {
  readonly gun: string;
  readonly link: Link['link'];
  /** A role, a tag or a digest. */
  readonly subject: string;
  /** `docker trust`, or `docker dct`. */
  readonly title: string;
  /** The trust folder. */
  readonly folder: string;
}

type Entry = readonly [rule: string, remedy: string | ((patient: Patient) => string)];

const tampered =
  'Somebody between you and the server, or the server itself, changed it. Try another network; then tell the operator of the trust server. Do not use the image';
const askPublisher = 'Ask the publisher of the image to';
const forget = ({ folder, gun }: Patient) =>
  `remove ${folder}/tuf/${gun}, which makes you trust its root anew`;

/** By error code: every code that verifying an image can end with. */
const entries: Readonly<Record<string, Entry>> = {
  TUF_EXPIRED: [
    'a file counts until the moment in its "expires"',
    ({ subject, title, gun }) =>
      subject === 'timestamp' || subject === 'snapshot'
        ? 'See that the clock of this machine is right. If it is, the server does not renew, or somebody holds you at an old state: tell its operator'
        : `Who holds the key signs it again: ${title} witness ${gun} ${subject}`,
  ],
  TUF_ROLLBACK: [
    'a version is never lower than one that was seen before',
    (patient) =>
      `The server was set back, or somebody replays an old state. If its operator confirms that the repository was begun anew, ${forget(patient)}`,
  ],
  TUF_HASH_MISMATCH: ['the bytes have the hash that the role above signed', tampered],
  TUF_SIZE_MISMATCH: ['the file is as long as the role above signed', tampered],
  TUF_SIGNATURE_INVALID: ['a signature fits its key and the exact bytes', tampered],
  TUF_NO_SIGNATURES: ['a file bears a signature', tampered],
  TUF_BELOW_THRESHOLD: [
    'enough of the keys that the role above names have signed',
    ({ link, subject, title, gun }) =>
      link === 'delegation'
        ? `Its signers were changed after it was signed. Who holds one of its present keys looks at what it says and signs it again: ${title} witness ${gun} ${subject}`
        : tampered,
  ],
  TUF_MALFORMED: ['a file is what TUF says that its role looks like', tampered],
  TUF_TOO_LARGE: ['a file is not larger than its role may be', tampered],
  TUF_KEY_ID_MISMATCH: ['a key stands under the id of its content', tampered],
  TUF_NOT_IN_SNAPSHOT: ['the snapshot lists every role that counts', tampered],
  TUF_DELEGATION_UNKNOWN: ['a delegation is named by the role above it', tampered],
  TUF_TOO_MANY: ['a repository stays within limits', 'Tell the operator of the trust server'],
  TUF_UNAVAILABLE: [
    'the server has every file that the repository names',
    'Try again; if it stays, the operator of the trust server must repair the repository',
  ],
  TUF_ROOT_CERTIFICATE_INVALID: [
    'a root key stands in a certificate that is not of a CA, nor signed with SHA-1',
    `${askPublisher} rotate the root key`,
  ],
  TUF_ROOT_CERTIFICATE_NAME: [
    "the root's certificate is made out to this repository",
    'This root belongs to another repository: see that the name is right, and tell the operator of the trust server',
  ],
  TUF_ROOT_CERTIFICATE_EXPIRED: [
    "the root's certificate is valid now",
    (patient) =>
      `Its owner begins the repository anew, since no client follows a root whose certificate ended; then ${forget(patient)}`,
  ],
  TUF_ROOT_UNTRUSTED: [
    'a root is signed by the root keys of the one before it',
    (patient) =>
      `Another owner began this repository anew, or somebody wants to be taken for its owner. Ask the publisher for the id of the root key; only if it is the new one, ${forget(patient)}`,
  ],
  TUF_ROOT_VERSION: ['each root follows the one before it', tampered],
  TUF_TARGET_UNKNOWN: [
    'the tag is signed',
    ({ title, gun, subject }) =>
      `See which tags are: ${title} inspect --pretty ${gun}. Who may sign it: ${title} sign ${gun}:${subject}`,
  ],
  TUF_TARGET_NOT_RELEASED: [
    'the tag is signed in targets/releases, or in targets',
    ({ title, gun, subject }) =>
      `A signer of targets/releases signs it: ${title} sign ${gun}:${subject}`,
  ],
  TUF_TARGET_NO_SHA256: [
    'a target names its image by sha256',
    `${askPublisher} sign the tag again`,
  ],
  CLIENT_NO_TRUST_DATA: [
    'the trust server has metadata of the repository',
    ({ title, gun }) =>
      `See that the name is right and that DOCKER_CONTENT_TRUST_SERVER is the server it was signed on. The publisher begins with ${title} sign ${gun}:TAG`,
  ],
  CLIENT_CACHE_DAMAGED: [
    'what was kept of the repository is whole',
    (patient) => `Restore the trust folder from a backup; or ${forget(patient)}`,
  ],
  CLIENT_PIN_MISMATCH: [
    'a pinned key signed the root',
    'Ask the publisher which root key is right before you change the pin',
  ],
  CLIENT_FIRST_USE: [
    'the trust policy allows a first use, or a root is known already',
    'Pin the root key that the publisher tells you, in the trust policy',
  ],
  CONFIG_FILE: [
    'a trust policy that is there, or is named, can be read and understood',
    'Mend it; until then nothing is verified',
  ],
  CLIENT_POLICY_NO_RULE: [
    'a rule of the trust policy fits the repository',
    'Add a rule for it to the trust policy',
  ],
  CLIENT_POLICY_ROLE: [
    'the role that the trust policy asks for signed the tag',
    `${askPublisher} have it signed by that role`,
  ],
  CLIENT_POLICY_SIGNERS: [
    'as many signers vouch for the tag as the trust policy asks for',
    `${askPublisher} have more signers sign it`,
  ],
  CLIENT_NO_TAG: ['the image has a tag or a digest', 'Add one'],
  CLIENT_DIGEST_NOT_SIGNED: [
    'a released tag is signed for the digest',
    ({ title, gun }) => `See which digests are: ${title} inspect ${gun}`,
  ],
  CLIENT_DIGEST_DIFFERS: ['tag and digest belong together', 'Leave one of them out'],
  CLIENT_MANIFEST_MISSING: [
    'the registry has the manifest that is signed',
    `${askPublisher} push the image again: it was deleted, or never arrived`,
  ],
  CLIENT_BLOB_MISSING: [
    'the registry has everything that the manifest names',
    `${askPublisher} push the image again`,
  ],
  CLIENT_SIZE_MISMATCH: ['what the registry has is as long as was promised', tampered],
  CLIENT_DIGEST_MISMATCH: ['what the registry has are the bytes that were signed', tampered],
  CLIENT_TOO_MANY_PARTS: ['an image stays within limits', `${askPublisher} split it`],
  REMOTE_UNREACHABLE: [
    'the server answers; what was kept is not used in its place',
    'See that it runs, that its name is right, and what proxy is set (HTTPS_PROXY, NO_PROXY)',
  ],
  REMOTE_TIMEOUT: ['the server answers in time', 'Try again later'],
  REMOTE_TRUNCATED: ['an answer comes whole', 'Try again'],
  REMOTE_CERTIFICATE: [
    'a certificate authority that you trust vouches for the server',
    "Put the server's CA certificate into ~/.docker/tls/HOST:PORT/ca.crt",
  ],
  REMOTE_UNAUTHORIZED: ['you may read the repository', 'Run docker login for that server'],
  REMOTE_STATUS: [
    'the server answers with what was asked for',
    'Its answer says why; tell the operator of the trust server',
  ],
  FOLDER_UNREADABLE: [
    'what is kept in the trust folder can be read',
    'Give the files of the trust folder to yourself (chown), and let only yourself read them (chmod 600)',
  ],
  FOLDER_TOO_LARGE: [
    'what is kept in the trust folder is metadata',
    'Look at that file, and remove it if it is none',
  ],
  FOLDER_KEY_MALFORMED: [
    'every file of private/ that ends in .key is a private key',
    ({ title }) => `Restore it from a backup: ${title} key restore FILE; or move it elsewhere`,
  ],
};

/** The rule behind an error code, and its remedy. Codes of no entry are told as they are. */
export function diagnose(code: string, patient: Patient): Diagnosis {
  const entry = Object.hasOwn(entries, code) ? entries[code] : undefined;
  const [rule, remedy] = entry ?? [code, 'docs/errors.md tells what this code means'];
  return { rule, remedy: typeof remedy === 'string' ? remedy : remedy(patient) };
}

/** The codes that have an entry. */
export const diagnosed: ReadonlySet<string> = new Set(Object.keys(entries));
