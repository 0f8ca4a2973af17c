import type { FoundSecret } from './secret-search.ts';

/** A file that programs keep credentials in, known by its name; looked into, since it may hold none. */
interface SecretFile {
  readonly kind: string;
  readonly path: RegExp;
  /** @returns index of the first secret in the text; below zero when there is none */
  find(text: string): number;
}

/** Files larger than this are searched for the forms of secrets only. */
export const secretFileLimitBytes = 256 * 1024;

const files: readonly SecretFile[] = [
  {
    kind: 'SSH private key',
    path: /(^|\/)\.ssh\/id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/,
    find: matches(/\S/),
  },
  {
    kind: 'environment secret',
    path: /(^|\/)\.env(\.[\w-]+)?$/,
    find: matches(
      /^[ \t]*(?:export[ \t]+)?\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY)\w*[ \t]*=[ \t]*(?!["']?\$)["']?[^\s"'#]/im,
    ),
  },
  {
    kind: 'npm credentials',
    path: /(^|\/)\.?npmrc$/,
    find: matches(/^[^#;\n]*(?:_authToken|_auth|_password)[ \t]*=[ \t]*(?!["']?\$\{)["']?[^\s"']/m),
  },
  {
    kind: 'registry credentials',
    path: /(^|\/)(\.docker\/config\.json|\.dockerconfigjson|\.dockercfg|containers\/auth\.json)$/,
    find: matches(/"(?:auth|identitytoken|registrytoken|password)"\s*:\s*"[^"]/),
  },
  {
    kind: 'AWS credentials',
    path: /(^|\/)\.aws\/(credentials|config)$/,
    find: matches(/^[ \t]*aws_(?:secret_access_key|session_token)[ \t]*=[ \t]*[^\s$]/m),
  },
  {
    kind: 'Google Cloud credentials',
    path: /(^|\/)(gcloud\/(application_default_credentials|legacy_credentials\/.*)\.json|gcloud\/credentials\.db)$/,
    find: matches(/"(?:refresh_token|private_key|access_token)"/),
  },
  {
    kind: 'Azure credentials',
    path: /(^|\/)\.azure\/(accessTokens\.json|msal_token_cache\.json|service_principal_entries\.json)$/,
    find: matches(/"(?:accessToken|refreshToken|secret|client_secret)"/),
  },
  {
    kind: 'netrc password',
    path: /(^|\/)[._]netrc$/,
    find: matches(/\bpassword\s+\S/),
  },
  {
    kind: 'Git credentials',
    path: /(^|\/)(\.git-credentials|git\/credentials|\.git\/config)$/,
    find: matches(/:\/\/[^\s:/@]+:[^\s@/]+@/),
  },
  {
    kind: 'Kubernetes credentials',
    path: /(^|\/)(\.kube\/config|kubeconfig|etc\/kubernetes\/[^/]+\.conf)$/,
    find: matches(/^[ \t-]*(?:client-key-data|token|password):[ \t]*["']?[^\s"']/m),
  },
  {
    kind: 'PyPI credentials',
    path: /(^|\/)\.pypirc$/,
    find: matches(/^[ \t]*password[ \t]*[:=][ \t]*\S/m),
  },
  {
    kind: 'package index credentials',
    path: /(^|\/)(pip\.conf|\.pip\/pip\.conf|\.yarnrc(\.yml)?|NuGet\.Config|\.m2\/settings\.xml|\.cargo\/credentials(\.toml)?|\.gem\/credentials|\.composer\/auth\.json)$/i,
    find: matches(
      /:\/\/[^\s:/@$]+:[^\s@/$]+@|npmAuthToken:[ \t]*["']?[^\s"'$]|<password>[^<$\s]|ClearTextPassword"\s+value="[^"]|^[ \t]*token[ \t]*=[ \t]*"[^"]|:rubygems_api_key:[ \t]*\S|"(?:password|github-oauth)"/im,
    ),
  },
  {
    kind: 'PostgreSQL password',
    path: /(^|\/)\.pgpass$/,
    find: matches(/^[^#:\n][^:\n]*:[^:\n]*:[^:\n]*:[^:\n]*:[^\n]+/m),
  },
  {
    kind: 'password hash',
    path: /^etc\/g?shadow-?$/,
    find: matches(/^[^:\n]+:\$[0-9a-z]+\$[^:\n]+/m),
  },
];

/** True when {@link findInSecretFile} wants to see the whole file. */
export function isSecretFile(path: string): boolean {
  return files.some((file) => file.path.test(path));
}

/** The secret in a file that is known to hold such, if it holds one. */
export function findInSecretFile(path: string, bytes: Uint8Array): FoundSecret | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  for (const { kind, path: known, find } of files) {
    const offset = known.test(path) ? find(text) : -1;
    if (offset < 0) continue;
    const line = text.slice(0, offset).split('\n').length;
    return { kind, offset, line, count: 1, inProgram: false };
  }
  return undefined;
}

function matches(form: RegExp): (text: string) => number {
  return (text) => text.search(form);
}
