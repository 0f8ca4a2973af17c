/**
 * The command line, `countermark`: reads arguments, asks the store's API, prints. Everything it
 * touches of the world is handed to it (ports.ts), so that a test can run it as a function.
 *
 * It decides nothing: what the store refuses, it repeats with its code. Exit codes stand in
 * exit-codes.ts and docs/cli.md.
 */

export type {
  AskOptions,
  DockerOptions,
  DockerTrustWorld,
  ForegroundOptions,
  InstalledDocker,
  PushedTag,
} from './docker-ports.ts';
export type { KeyOutcome, Keyring, ListedKey } from './keyring.ts';
export type {
  ImportQuestion,
  MovedDatabase,
  MovedKeys,
  MoveQuestion,
  OperatorWorld,
  RegistryImportQuestion,
  RegistryImportWatch,
  ScrubQuestion,
  ServeFlags,
  SignerFlags,
} from './operator/ports.ts';
export type { CliWorld, Copier, CopyQuestion, HttpConnection, SavedLogin } from './ports.ts';
export { runCli } from './run-cli.ts';
