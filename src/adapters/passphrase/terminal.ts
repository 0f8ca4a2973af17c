import { Secret } from '../../base/index.ts';
import { passphraseError } from './errors.ts';
import type { PassphraseRequest, PassphraseSource } from './source.ts';

/** A terminal, as far as a prompt needs one. */
export interface Terminal {
  /** False in a pipeline: then nothing is asked. */
  readonly isInteractive: boolean;
  write(text: string): void;
  /**
   * Reads a line without showing it.
   * @returns undefined when the person ended it, with ctrl-C or ctrl-D
   */
  readHidden(): Promise<string | undefined>;
}

const triesToOpen = 4;
const triesToCreate = 12;
const leastBytes = 8;

const rootWarning = `You are about to create a new root signing key passphrase. This passphrase
will be used to protect the most sensitive key in your signing system. Please
choose a long, complex passphrase and be careful to keep the password and the
key file itself secure and backed up. It is highly recommended that you use a
password manager to generate the passphrase and keep it safe. There will be no
way to recover this key. You can find the key in your config directory.
`;

/**
 * Asks on the terminal, with the texts of docker. An answer is remembered per role while the process
 * lives, so that a person types it once for all keys of a role.
 *
 * @returns undefined where there is no terminal, and after four wrong answers
 * @throws StoreError PASSPHRASE_CANCELLED, PASSPHRASE_ATTEMPTS
 * @see notary 0.7.0, passphrase/passphrase.go
 */
export function terminalPassphrases(terminal: Terminal): PassphraseSource {
  const remembered = new Map<string, Secret>();
  return async (request) => {
    const { role, creating, attempt } = request;
    if (!terminal.isInteractive) return undefined;
    const known = remembered.get(role);
    if (known && attempt === 0) return known;
    remembered.delete(role);
    if (!creating && attempt >= triesToOpen) return undefined;
    if (attempt > 0) terminal.write('Passphrase incorrect. Please retry.\n');
    const passphrase = creating
      ? await askForNew(terminal, request)
      : new Secret(await ask(terminal, `Enter passphrase for ${nameOf(request)}: `));
    remembered.set(role, passphrase);
    return passphrase;
  };
}

async function askForNew(terminal: Terminal, request: PassphraseRequest): Promise<Secret> {
  if (request.role === 'root') terminal.write(rootWarning);
  for (let tries = 0; tries < triesToCreate; tries++) {
    const passphrase = await ask(terminal, `Enter passphrase for new ${nameOf(request)}: `);
    if (Buffer.byteLength(passphrase) < leastBytes) {
      terminal.write(
        'Passphrase is too short. Please use a password manager to generate and store a good random passphrase.\n',
      );
      continue;
    }
    const again = await ask(terminal, `Repeat passphrase for new ${nameOf(request)}: `);
    if (again === passphrase) return new Secret(passphrase);
    terminal.write('Passphrases do not match. Please retry.\n');
  }
  throw passphraseError('PASSPHRASE_ATTEMPTS');
}

async function ask(terminal: Terminal, prompt: string): Promise<string> {
  terminal.write(prompt);
  const line = await terminal.readHidden();
  terminal.write('\n');
  if (line === undefined) throw passphraseError('PASSPHRASE_CANCELLED');
  return line;
}

/** docker calls the keys of `targets` and `snapshot` the repository's. */
function nameOf({ role, keyId }: PassphraseRequest): string {
  const alias = role === 'targets' || role === 'snapshot' ? 'repository' : role;
  return `${alias} key with ID ${keyId.slice(0, 7)}`;
}

/** The terminal of this process. Prompts go to `output`, so that results can be piped. */
export function processTerminal(
  input: () => NodeJS.ReadStream,
  output: { readonly isTTY: boolean; write(text: string): unknown },
): Terminal {
  return {
    get isInteractive() {
      return input().isTTY === true && output.isTTY;
    },
    write: (text) => void output.write(text),
    readHidden: () => readHidden(input()),
  };
}

function readHidden(input: NodeJS.ReadStream): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let line = '';
    const end = (answer: string | undefined) => {
      input.off('data', read).off('error', fail).setRawMode(false).pause();
      resolve(answer);
    };
    const fail = (error: Error) => {
      end(undefined);
      reject(error);
    };
    const read = (text: string) => {
      for (const char of text) {
        if (char === '\r' || char === '\n') return end(line);
        if (char === '\x03' || (char === '\x04' && line === '')) return end(undefined);
        if (char === '\x7f' || char === '\b') line = [...line].slice(0, -1).join('');
        else if (char === '\x15') line = '';
        else if (char >= ' ') line += char;
      }
    };
    input.setEncoding('utf8').setRawMode(true).on('error', fail).on('data', read).resume();
  });
}
