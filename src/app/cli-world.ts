import { homedir } from 'node:os';
import { join } from 'node:path';
import { passphraseError, processTerminal, type Terminal } from '../adapters/passphrase/index.ts';
import { dockerCredentials, HttpsClient, Remotes } from '../adapters/remotes/index.ts';
import { MetadataFolder } from '../adapters/trust-folder/index.ts';
import { type Clock, Secret } from '../base/index.ts';
import type { CliWorld, VerifyQuestion } from '../cli/index.ts';
import { gunOf, verifyImage } from '../client/index.ts';
import { parseImageReference, withDefaultTag } from '../oci/index.ts';
import { parseKeyId } from '../tuf/index.ts';
import { addClient, initPki } from './pki.ts';

/** The world of this process, for the command line. */
export function processWorld(clock: Clock): CliWorld {
  const { env, stdin, stdout, stderr } = process;
  const dockerFolder = env.DOCKER_CONFIG || join(homedir(), '.docker');
  const askPassword = askAtTerminal(processTerminal(stdin, stderr));
  return {
    env,
    stdin,
    print: (text) => void stdout.write(text),
    printError: (text) => void stderr.write(text),
    clock,
    connect: ({ ca }) => new HttpsClient({ ca }),
    credentialsFor: dockerCredentials(dockerFolder),
    ...(askPassword ? { askPassword } : {}),
    verifyImage: (question) => verify(question, dockerFolder, clock),
    isWatched: stderr.isTTY === true,
    importNotary: async (question, watch) => {
      const { importNotary } = await import('./import-notary.ts');
      return importNotary(question, watch, { env, dockerFolder, clock });
    },
    serve: async (flags) => {
      // Half of a short command's time would go into loading a server it does not start.
      const { serve } = await import('./serve.ts');
      await serve(flags, env, clock);
    },
    signer: async (flags) => {
      const { runSigner } = await import('./signer.ts');
      await runSigner(flags, env, clock);
    },
    reencrypt: async (flags) => {
      const { reencrypt } = await import('./signer.ts');
      return await reencrypt(flags, env);
    },
    pki: {
      init: async (folder, hosts) => initPki(folder, hosts, clock()),
      addClient: async (folder, name) => addClient(folder, name, clock()),
    },
    docker: async ({ config }) => {
      const { openDockerWorld } = await import('./docker-world.ts');
      return openDockerWorld(config || dockerFolder, env, clock);
    },
    installPlugin: async ({ config }) => {
      const { installPlugin } = await import('./install-plugin.ts');
      return installPlugin(config || dockerFolder);
    },
  };
}

/**
 * Verifies as docker's consumers do: the roots and versions they have seen, in docker's own trust
 * folder, count here too, and what is seen here counts for docker.
 */
async function verify(question: VerifyQuestion, dockerFolder: string, clock: Clock) {
  const image = withDefaultTag(parseImageReference(question.image));
  using remotes = new Remotes({
    credentials: dockerCredentials(dockerFolder),
    clock,
    ca: question.ca,
  });
  const rootKeyIds = question.rootKeyIds.map(parseKeyId);
  return await verifyImage({
    image,
    source: remotes.trust(gunOf(image), { forWriting: false }),
    registry: remotes.registry(image.host),
    cache: new MetadataFolder(join(dockerFolder, 'trust')),
    pin: rootKeyIds.length === 0 ? 'first-use' : { rootKeyIds },
    deep: question.deep,
    now: clock(),
  });
}

/** Undefined where nobody can be asked. */
function askAtTerminal(terminal: Terminal): CliWorld['askPassword'] {
  if (!terminal.isInteractive) return undefined;
  return async (prompt) => {
    terminal.write(prompt);
    const line = await terminal.readHidden();
    terminal.write('\n');
    if (line === undefined) throw passphraseError('PASSPHRASE_CANCELLED');
    return new Secret(line);
  };
}
