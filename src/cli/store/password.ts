import { Secret } from '../../base/index.ts';
import { cliError } from '../errors.ts';
import type { CliWorld } from '../ports.ts';

const limit = 4096;

/**
 * The password for a user: from standard input with `--password-stdin` (one line break at its end
 * is not part of it), else asked for at the terminal.
 * @throws StoreError CLI_PASSWORD_NEEDED
 */
export async function readPassword(
  world: Pick<CliWorld, 'askPassword' | 'stdin'>,
  { passwordStdin }: { readonly passwordStdin?: boolean },
  name: string,
): Promise<Secret> {
  if (!passwordStdin) {
    if (!world.askPassword) throw cliError('CLI_PASSWORD_NEEDED');
    return await world.askPassword(`Password for ${name}: `);
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of world.stdin) {
    parts.push(Buffer.from(part as string));
    size += part.length;
    if (size > limit) break;
  }
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (text === '' || size > limit) throw cliError('CLI_PASSWORD_NEEDED');
  return new Secret(text);
}
