/**
 * Other machines, as a client meets them: registries, trust servers and token servers over HTTPS,
 * with the logins that docker saved. It moves bytes within limits and says what went wrong on the
 * way; whether the bytes deserve trust is decided in `client` and `tuf`.
 */
export { AuthorizedClient, type AuthorizedClientOptions } from './authorized-client.ts';
export { anonymous, type Credential, type CredentialSource } from './credentials.ts';
export { serverOf } from './docker-config.ts';
export { dockerCredentials } from './docker-credentials.ts';
export { remoteError, remoteErrors } from './errors.ts';
export type {
  Answer,
  ClientIdentity,
  HttpRequest,
  HttpsClientOptions,
  OpenAnswer,
} from './http-request.ts';
export { HttpsClient } from './https-client.ts';
export { isLoopback } from './loopback.ts';
export { type BlobContent, RegistryRemote } from './registry-remote.ts';
export { Remotes, type RemotesOptions } from './remotes.ts';
export { RepositoryRemote } from './repository-remote.ts';
export { TrustServerRemote } from './trust-server-remote.ts';
