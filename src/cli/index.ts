/**
 * The command line, `countermark`: reads arguments, asks the store's API, prints. Everything it
 * touches of the world is handed to it (ports.ts), so that a test can run it as a function.
 *
 * It decides nothing: what the store refuses, it repeats with its code. Exit codes stand in
 * exit-codes.ts and docs/cli.md.
 */
export { cliErrors } from './errors.ts';
export { exitCodes } from './exit-codes.ts';
export type { KeyOutcome, KeyProgress, Keyring, ListedKey } from './keyring.ts';
export type {
  CliWorld,
  Copier,
  CopyQuestion,
  DockerOptions,
  DockerTrustWorld,
  ForegroundOptions,
  HttpConnection,
  ImportQuestion,
  InstalledDocker,
  MovedDatabase,
  MovedKeys,
  MoveQuestion,
  PkiMember,
  PkiTools,
  PushedTag,
  RegistryImportQuestion,
  RegistryImportWatch,
  SavedLogin,
  ScrubQuestion,
  ServeFlags,
  SignerFlags,
  VerifyQuestion,
} from './ports.ts';
export { runCli } from './run-cli.ts';
