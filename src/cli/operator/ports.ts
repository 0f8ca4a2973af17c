import type { ImportedRepository, Scrubbed } from '../../registry/index.ts';
import type { ImportWatch, RepositoryPlan } from '../../trust/index.ts';

/** What an operator does to a store and a signer themselves, on their machine. */
export interface OperatorWorld {
  /** Takes repositories over into a stopped store. */
  readonly importNotary: (
    question: ImportQuestion,
    watch: ImportWatch,
  ) => Promise<readonly RepositoryPlan[]>;
  /** Moves a stopped store's SQLite file into PostgreSQL. @param told  rows copied so far */
  readonly moveDatabase: (data: string, told: (rows: number) => void) => Promise<MovedDatabase>;
  /** Runs a store until it is told to stop. */
  readonly serve: (flags: ServeFlags) => Promise<void>;
  /** Runs a signer until it is told to stop. */
  readonly signer: (flags: SignerFlags) => Promise<void>;
  /** Seals the signer's keys again under the default alias. @returns how many */
  readonly reencrypt: (flags: Pick<SignerFlags, 'data' | 'defaultAlias'>) => Promise<number>;
  /** Moves keys into the signer's data folder. @param told  how many were looked at, after each */
  readonly moveKeys: (question: MoveQuestion, told: (count: number) => void) => Promise<MovedKeys>;
  /** Takes over what docker-registry kept. */
  readonly importRegistry: (
    question: RegistryImportQuestion,
    watch: RegistryImportWatch,
  ) => Promise<readonly ImportedRepository[]>;
  /** Reads everything the registry has again, beside the store. @param told  bytes read so far */
  readonly scrubRegistry: (
    question: ScrubQuestion,
    told: (progress: Pick<Scrubbed, 'blobs' | 'bytes'>) => void,
  ) => Promise<Scrubbed>;
  readonly pki: PkiTools;
}

/** Flags of `serve`, unread: app knows what they mean. */
export interface ServeFlags {
  readonly data: string;
  readonly database?: string;
  readonly listen: string;
  readonly plainHttp?: boolean;
  readonly storeName?: string;
  readonly policy?: string;
  readonly advisories?: string;
  readonly origin?: readonly string[];
  readonly hold?: string;
  readonly gunPrefix?: readonly string[];
  readonly signer?: string;
  readonly signerPki?: string;
}

/** Flags of `signer` and `signer reencrypt`, unread. */
export interface SignerFlags {
  readonly data: string;
  readonly listen: string;
  readonly pki: string;
  readonly grants?: string;
  readonly defaultAlias?: string;
  readonly pkcs11Module?: string;
  readonly pkcs11Token?: string;
}

/** What `signer import` is asked for; exactly one of the sources is there. */
export interface MoveQuestion extends Pick<SignerFlags, 'data' | 'defaultAlias'> {
  /** Data folder of a store that held the keys itself; it must be stopped. */
  readonly fromStore?: string;
  /** Data folder of another signer. */
  readonly fromSigner?: string;
  readonly notaryDump?: string;
  readonly notaryDb?: string;
  readonly dryRun: boolean;
  /** Once the signer has shown that it holds them. */
  readonly removeFromStore: boolean;
}

/** Counts of keys. */
export interface MovedKeys {
  readonly moved: number;
  /** Were in the signer already. */
  readonly there: number;
  /** Different GUNs among both. */
  readonly repositories: number;
  readonly removed: number;
}

/** What was moved into PostgreSQL. */
export interface MovedDatabase {
  readonly tables: number;
  readonly rows: number;
  /** Where the file is now; nobody reads it any more. */
  readonly aside: string;
}

/** What `registry import` is asked for. */
export interface RegistryImportQuestion {
  /** Data folder of docker-registry. */
  readonly from: string;
  /** Data folder of the store, which must be stopped. */
  readonly data: string;
  /** Only these repositories, as they are called there; all when there are none. */
  readonly names: readonly string[];
  /** What is put before each name, with a slash. */
  readonly into?: string;
  readonly dryRun: boolean;
}

export interface RegistryImportWatch {
  /** A blob of a repository was copied; in a dry run, would be. */
  readonly copied: (name: string, sizeBytes: number) => void;
  /** @param total  how many repositories there are */
  readonly done: (repository: ImportedRepository, total: number) => void;
}

/** What `registry scrub` is asked for. */
export interface ScrubQuestion {
  /** Data folder of the store, which may run meanwhile. */
  readonly data: string;
  /** How many bytes are read in a second at most; no bound when undefined. */
  readonly bytesPerSecond: number | undefined;
}

/** What makes mutual TLS between a signer and its trust servers. */
export interface PkiTools {
  /** A new authority, the signer's certificate and one for a trust server. @returns what was written */
  init(folder: string, hosts: readonly string[]): Promise<readonly string[]>;
  /** One more certificate for a trust server. @returns what was written */
  addClient(folder: string, name: string): Promise<readonly string[]>;
  /** Every certificate of the folder. */
  list(folder: string): Promise<readonly PkiMember[]>;
  /** A new key and certificate in the place of those of a name. @returns what was written */
  renew(
    folder: string,
    name: string,
    options: { readonly hosts?: readonly string[]; readonly days?: number },
  ): Promise<readonly string[]>;
  /** @param name  or fingerprint @returns the list that has it now */
  withdraw(folder: string, name: string): Promise<string>;
}

/** A certificate of the folder. */
export interface PkiMember {
  /** Of its files, without `.crt`. */
  readonly name: string;
  readonly commonName: string;
  readonly use: 'authority' | 'serverAuth' | 'clientAuth';
  readonly hosts: readonly string[];
  readonly endsAt: Date;
  /** SHA-256, 64 lowercase hex digits, as grants name it. */
  readonly fingerprint: string;
  readonly withdrawn: boolean;
}

/** What `import notary` is asked for; exactly one of the sources is there. */
export interface ImportQuestion {
  /** Data folder of the store, which must be stopped. */
  readonly data: string;
  readonly from?: string;
  readonly serverDump?: string;
  readonly serverDb?: string;
  readonly trustFolder?: string;
  readonly signerDump?: string;
  readonly signerDb?: string;
  /** Only these GUNs; all that the source has when there are none. */
  readonly guns: readonly string[];
  /** Only GUNs that begin with this. */
  readonly prefix?: string;
  readonly dryRun: boolean;
  /** `https://HOST[:PORT]` of this store, as owners will reach it. */
  readonly here: string;
  /** PEM certificates, as for `connect` of the command line's world. */
  readonly ca?: string;
}
