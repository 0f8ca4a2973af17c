import {
  collectBytes,
  entriesOf,
  isStoreError,
  parseJson,
  Secret,
  stringOf,
} from '../../base/index.ts';
import { withoutSecrets } from '../passphrase/index.ts';
import type { Credential } from './credentials.ts';
import { remoteError } from './errors.ts';

const timeoutMs = 30_000;
const outputLimitBytes = 64 * 1024;
/** What the helpers print when there is no login for the server. */
const notFound = /credentials not found/i;

/**
 * Asks a docker credential helper, a program on the PATH, without a shell.
 *
 * @param helper  the end of its name: `pass` is `docker-credential-pass`
 * @param server  what docker calls the host
 * @returns       undefined when the helper knows no login for it
 * @throws StoreError REMOTE_CREDENTIAL_HELPER; what the helper printed is never shown, since it may
 *         be the secret
 * @see docker/docker-credential-helpers, "Development"
 */
export async function askCredentialHelper(
  helper: string,
  server: string,
): Promise<Credential | undefined> {
  const fail = (reason: string, cause?: unknown) =>
    remoteError('REMOTE_CREDENTIAL_HELPER', { helper, host: server, reason }, cause);
  const { code, output } = await run(`docker-credential-${helper}`, server).catch((cause) => {
    throw fail(cause instanceof Error && 'code' in cause ? String(cause.code) : 'it broke', cause);
  });
  if (output === undefined) throw fail('it printed too much');
  if (code !== 0) {
    if (notFound.test(Buffer.from(output).toString('utf8'))) return undefined;
    throw fail(code === null ? `it was ended after ${timeoutMs} ms` : `exit code ${code}`);
  }
  try {
    const answer = entriesOf(parseJson(output), 'answer');
    const username = stringOf(answer.get('Username'), 'Username');
    const secret = new Secret(stringOf(answer.get('Secret'), 'Secret'));
    return username === '<token>'
      ? { kind: 'identity-token', token: secret }
      : { kind: 'password', username, password: secret };
  } catch (error) {
    throw isStoreError(error) ? fail(error.code) : error;
  }
}

async function run(program: string, input: string) {
  const env = withoutSecrets(process.env);
  const { spawn } = await import('node:child_process');
  const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  // spawn has a timeout of its own, which keeps this process waiting when there is no such program.
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code));
  }).finally(() => clearTimeout(timer));
  // A helper may end before it has read its input; its exit code tells the story.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code, output] = await Promise.all([ended, collectBytes(child.stdout, outputLimitBytes)]);
  return { code, output };
}
