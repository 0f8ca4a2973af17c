import type { Clock, Secret } from '../base/index.ts';
import type { ImageVerification } from '../client/index.ts';
import type { CopiedImage, CopyWatch } from '../copy/index.ts';
import type { Reference, Tag } from '../oci/index.ts';
import type { DockerOptions, DockerTrustWorld, NamedRepository } from './docker-ports.ts';
import type { OperatorWorld } from './operator/ports.ts';

/** An HTTPS client; one per command. It throws StoreErrors when there is no answer. */
export interface HttpConnection extends Disposable {
  send(
    request: {
      readonly method: 'GET' | 'POST' | 'PUT';
      readonly url: URL;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array;
    },
    limitBytes: number,
  ): Promise<{
    readonly status: number;
    /** Lowercase names. */
    readonly headers: ReadonlyMap<string, string>;
    readonly body: Uint8Array;
  }>;
}

/** What `docker login` saved for a host. */
export type SavedLogin =
  | { readonly kind: 'password'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'identity-token'; readonly token: Secret };

/** What `copy` is asked for. */
export interface CopyQuestion {
  readonly source: NamedRepository;
  readonly destination: NamedRepository;
  /** `os/architecture[/variant]`: of indexes only this one. */
  readonly platform?: string | undefined;
  /** Whether signatures, SBOMs and other referrers are copied too. */
  readonly attached: boolean;
  /** PEM certificates that vouch for both registries, like the system's. */
  readonly ca?: string;
}

/** Two repositories, and the connections to them. */
export interface Copier extends Disposable {
  /** Every tag of the source. */
  tags(): Promise<readonly Tag[]>;
  /** Throws what `copyImage` does. @param tag  at the destination */
  copy(reference: Reference, tag: Tag, watch: CopyWatch): Promise<CopiedImage>;
}

/** What `verify` is asked for. */
export interface VerifyQuestion {
  /** HOST[:PORT]/NAME:TAG, or with @DIGEST. */
  readonly image: string;
  /** PEM certificates, as for {@link CliWorld.connect}. */
  readonly ca?: string;
  /** Also read every layer, instead of asking the registry for its size. */
  readonly deep: boolean;
  /** Key ids of which one must have signed the first root; none: as the trust policy says. */
  readonly rootKeyIds: readonly string[];
  /** A trust policy; default the one in docker's trust folder. */
  readonly policy?: string | undefined;
}

/** The world as the command line sees it. */
export interface CliWorld extends OperatorWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Writes to standard output, as it is. */
  readonly print: (text: string) => void;
  /** Writes to standard error, as it is. */
  readonly printError: (text: string) => void;
  readonly clock: Clock;
  /**
   * @param ca  PEM certificates that alone may vouch for servers; without them the system's do,
   *            and servers on loopback are not verified
   */
  readonly connect: (options: { readonly ca?: string }) => HttpConnection;
  /** @param host  HOST[:PORT] as in image references */
  readonly credentialsFor: (host: string) => Promise<SavedLogin | undefined>;
  /** Asks at the terminal, without echo; absent where nobody can be asked. */
  readonly askPassword?: ((prompt: string) => Promise<Secret>) | undefined;
  /** Verifies an image as a consumer would, with docker's saved logins. */
  readonly verifyImage: (question: VerifyQuestion) => Promise<ImageVerification>;
  /** Whether a person can be asked: standard input and output are a terminal. */
  readonly isTerminal?: boolean;
  /** Whether somebody watches standard error. */
  readonly isWatched?: boolean;
  readonly openCopier: (question: CopyQuestion) => Promise<Copier>;
  readonly docker: (options: DockerOptions) => Promise<DockerTrustWorld>;
  /** The words that start this program. */
  readonly ownCommand: () => readonly string[];
  /** Makes docker find this program as a plugin. @returns what was written */
  readonly installPlugin: (options: {
    readonly config?: string | undefined;
  }) => Promise<{ readonly file: string; readonly command: string }>;
}
