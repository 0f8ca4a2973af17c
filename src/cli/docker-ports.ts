import type { Digest } from '../base/index.ts';
import type {
  Changelist,
  ImageContent,
  ImageVerification,
  ListedChange,
  PolicyRefusal,
  Published,
  PublishedStaged,
  RoleChange,
  Rotated,
  Stageable,
  Trust,
  TrustChange,
  TrustRule,
} from '../client/index.ts';
import type { ImageReference, Reference } from '../oci/index.ts';
import type {
  BaseRole,
  DelegationName,
  Gun,
  KeyId,
  PublicKey,
  SignedTarget,
} from '../tuf/index.ts';
import type { Keyring } from './keyring.ts';
import type { CliWorld, VerifyQuestion } from './ports.ts';

/** A repository of a registry. */
export type NamedRepository = Pick<ImageReference, 'host' | 'repository'>;

/**
 * Content trust as docker's users have it: their trust folder and passphrases, the trust servers of
 * their images, their logins. Connections are shared and closed with it.
 */
export interface DockerTrustWorld extends Disposable {
  /** docker's configuration folder; the trust folder is `trust` in it. */
  readonly configFolder: string;
  /** The private keys of the trust folder, as things to be looked at and cared for. */
  readonly keyring: Keyring;
  /**
   * The repository, verified and up to date; asked for once per command. Throws what `openTrust`
   * does.
   * @param forWriting  the command will publish: one token serves for both
   */
  open(gun: Gun, forWriting?: 'for-writing'): Promise<Trust>;
  /**
   * Verifies an image down to its bytes, as a consumer would under the trust policy.
   * @throws StoreError CONFIG_FILE, CLIENT_POLICY_NO_RULE: the policy does not say how
   */
  verify(
    image: string,
    how: Pick<VerifyQuestion, 'deep'> & Partial<Pick<VerifyQuestion, 'rootKeyIds'>>,
  ): Promise<ImageVerification>;
  /** What the registry has; undefined when it has none. Throws what `imageContent` does. */
  content(image: NamedRepository, reference: Reference): Promise<ImageContent | undefined>;
  /** Gives a role another key. Throws what `rotateKey` does. */
  rotateKey(
    gun: Gun,
    role: BaseRole | DelegationName,
    to: 'new' | 'server' | KeyId,
  ): Promise<Rotated>;
  /** Signs and publishes changes, all or none. Throws what `publish` does. */
  publish(
    gun: Gun,
    changes: readonly TrustChange[],
    whenNew: 'initialise' | 'refuse',
  ): Promise<Published>;
  /** What waits in the trust folder for its next publish. */
  readonly changelist: Changelist;
  /** Adds changes to what waits. Throws what `stage` does. */
  stage(gun: Gun, changes: readonly Stageable[]): Promise<readonly RoleChange[]>;
  /**
   * Publishes what waits, all or none. Throws what `publishStaged` does.
   * @param listed  all of the changelist, as it was shown: what was staged since then still waits
   */
  publishStaged(gun: Gun, listed: readonly ListedChange[]): Promise<PublishedStaged>;
  /** Who is logged in at a registry; empty when nobody is, or it is not told. */
  userOf(host: string): Promise<string>;
  /** HOST[:PORT] of the trust server of a repository. */
  trustServerOf(gun: Gun): string;
  /**
   * What a tag is signed for, as the trust policy wants it. Each repository is read once.
   * @throws StoreError TUF_TARGET_UNKNOWN, TUF_TARGET_NOT_RELEASED, and what `openTrust` does
   */
  release(gun: Gun, tag: string): Promise<SignedTarget>;
  /** What a tag was signed for when its repository was last verified; undefined where that is not known. */
  lastDigest(gun: Gun, tag: string): Promise<Digest | undefined>;
  /** Every released tag. @throws StoreError also when one is not signed as the trust policy wants it */
  releases(gun: Gun): Promise<readonly SignedTarget[]>;
  /** The released tags that the trust policy does not let count, and why. */
  refusals(gun: Gun): Promise<ReadonlyMap<string, PolicyRefusal>>;
  /**
   * What the trust policy asks of a repository.
   * @throws StoreError CONFIG_FILE, CLIENT_POLICY_NO_RULE
   */
  rule(gun: Gun): Promise<TrustRule>;
  readonly program: InstalledDocker;
  /** The key of this signer in the trust folder, made when there is none. */
  signerKey(name: string): Promise<PublicKey>;
  /** @throws StoreError DOCKER_FAILED when the engine has no such image */
  requireLocalImage(name: string): Promise<void>;
  /**
   * Pushes by the installed docker, without content trust.
   * @returns what the registry has under the tag now
   * @throws StoreError DOCKER_FAILED
   */
  push(
    name: string,
    tag: string,
    watcher: Pick<CliWorld, 'print' | 'printError'>,
  ): Promise<{ readonly digest: Digest; readonly sizeBytes: number }>;
  /** Makes a signer's key and keeps it in the trust folder. @returns its id and its public half */
  createSignerKey(name: string): Promise<{ readonly id: KeyId; readonly pem: string }>;
  /**
   * Keeps a private key, opened with its own passphrase and encrypted with the one of new keys.
   * @param file  its path, for messages
   * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED, FOLDER_KEY_PASSPHRASE
   */
  loadSignerKey(name: string, bytes: Uint8Array, file: string): Promise<KeyId>;
  /** @throws StoreError what is wrong with the file */
  parsePublicKeyFile(bytes: Uint8Array): PublicKey;
}

/**
 * The docker that is installed, of any version: its command line with content trust switched off and the
 * global flags that this command was given, or its engine.
 */
export interface InstalledDocker {
  /**
   * Runs a command in the foreground: the terminal, the input and the signals are its own.
   * @returns its exit code, 128 and the signal's number when a signal ended it
   */
  run(args: readonly string[], options?: ForegroundOptions): Promise<number>;
  /** Runs a command out of sight. @throws StoreError DOCKER_FAILED in its words */
  ask(args: readonly string[], options?: AskOptions): Promise<string>;
  /**
   * Tells of an image, by digest, that is going to be pulled when its tag is still signed for it. What can be begun
   * before that has been when this returns; it shows nothing, and brings the engine nothing that it has not.
   */
  foresee(reference: string): Promise<void>;
  /** Whether the engine has an image under this name or digest. */
  hasImage(reference: string): Promise<boolean>;
  /** Gives an image that the engine has another name. @throws StoreError DOCKER_FAILED */
  tag(name: string, target: string): Promise<void>;
  /**
   * Pulls, and shows docker's progress, but not the name it ends with.
   * @throws StoreError DOCKER_FAILED in docker's words
   */
  pull(
    reference: string,
    options: {
      readonly platform?: string | undefined;
      readonly to: 'out' | 'error' | 'nowhere';
    },
  ): Promise<void>;
  /**
   * Pushes, and shows docker's progress.
   * @param args  the whole command
   * @returns what the registry has now, for every tag that was pushed
   * @throws StoreError DOCKER_FAILED in docker's words
   */
  push(
    args: readonly string[],
    watcher: Pick<CliWorld, 'print' | 'printError'>,
  ): Promise<readonly PushedTag[]>;
}

export interface PushedTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface ForegroundOptions {
  /** More variables of the environment. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface AskOptions extends ForegroundOptions {
  /** Standard input; nothing without it. */
  readonly input?: string;
  /** Is told what a command that succeeds prints beside its answer. */
  readonly warn?: (text: string) => void;
}

export interface DockerOptions {
  /** docker's configuration folder; default as docker finds it. */
  readonly config?: string | undefined;
  /** docker's own global flags, as they were typed. */
  readonly globals?: readonly string[] | undefined;
  /** A trust policy; default the one in the trust folder. */
  readonly policy?: string | undefined;
  /** PEM certificates that vouch for servers, like the system's. */
  readonly ca?: string | undefined;
  /** PEM certificates that alone vouch for servers. */
  readonly onlyCa?: string | undefined;
  /** Where a trust server does not answer, what was kept counts until it expires. */
  readonly offline?: boolean | undefined;
}
