import { homedir } from 'node:os';
import { join } from 'node:path';
import { passphraseError, processTerminal, type Terminal } from '../adapters/passphrase/index.ts';
import { type Clock, Secret } from '../base/index.ts';
import type {
  CliWorld,
  DockerOptions,
  DockerTrustWorld,
  HttpConnection,
  OperatorWorld,
} from '../cli/index.ts';
import { standardError, standardOutput } from './output.ts';
import { ownCommand } from './self.ts';

/** The world of this process, for the command line. What a command does not use is not loaded. */
export function processWorld(clock: Clock): CliWorld {
  const { env } = process;
  const dockerFolder = env.DOCKER_CONFIG || join(homedir(), '.docker');
  const printError = (text: string) => standardError.write(text);
  // Standard input is opened when it is used, which takes time.
  const terminal = processTerminal(() => process.stdin, standardError);
  async function openDocker(options: DockerOptions): Promise<DockerTrustWorld> {
    const { openDockerWorld } = await import('./docker/docker-world.ts');
    const folder = options.config || dockerFolder;
    return await openDockerWorld(folder, env, clock, { ...options, warn: printError });
  }
  return {
    env,
    get stdin() {
      return process.stdin;
    },
    print: (text) => standardOutput.write(text),
    printError,
    clock,
    connect: ({ ca }) => connectLater(ca),
    credentialsFor: async (host) => {
      const { dockerCredentials } = await import('../adapters/remotes/index.ts');
      return await dockerCredentials(dockerFolder)(host);
    },
    get askPassword() {
      return askAtTerminal(terminal);
    },
    verifyImage: async (question) => {
      const { image, ca: onlyCa, policy, ...how } = question;
      using docker = await openDocker({ onlyCa, policy });
      return await docker.verify(image, how);
    },
    get isTerminal() {
      return process.stdin.isTTY === true && standardOutput.isTTY;
    },
    get isWatched() {
      return standardError.isTTY;
    },
    ...operatorWorld(env, dockerFolder, clock),
    openCopier: async (question) => {
      const { openCopier } = await import('./docker/open-copier.ts');
      return await openCopier(question, { env, dockerFolder, clock });
    },
    docker: openDocker,
    ownCommand,
    installPlugin: async ({ config }) => {
      const { installPlugin } = await import('./docker/install-plugin.ts');
      return installPlugin(config || dockerFolder);
    },
  };
}

function operatorWorld(env: NodeJS.ProcessEnv, dockerFolder: string, clock: Clock): OperatorWorld {
  return {
    importNotary: async (question, watch) => {
      const { importNotary } = await import('./operations/import-notary.ts');
      return importNotary(question, watch, { env, dockerFolder, clock });
    },
    moveDatabase: async (data, told) => {
      const { moveDatabase } = await import('./operations/move-database.ts');
      return await moveDatabase(data, told, env);
    },
    serve: async (flags) => {
      const { serve } = await import('./store/serve.ts');
      await serve(flags, env, clock);
    },
    signer: async (flags) => {
      const { runSigner } = await import('./signer/signer.ts');
      await runSigner(flags, env, clock);
    },
    reencrypt: async (flags) => {
      const { reencrypt } = await import('./signer/signer.ts');
      return await reencrypt(flags, env);
    },
    moveKeys: async (question, told) => {
      const { moveKeys } = await import('./operations/move-keys.ts');
      return await moveKeys(question, told, { env, clock });
    },
    importRegistry: async (question, watch) => {
      const { importRegistry } = await import('./operations/import-registry.ts');
      return await importRegistry(question, watch, { env, clock });
    },
    scrubRegistry: async (question, told) => {
      const { scrubRegistry } = await import('./operations/scrub-registry.ts');
      return await scrubRegistry(question, told, { env, clock });
    },
    pki: pkiTools(clock),
  };
}

/** Certificates of a signer and of those who call it. */
function pkiTools(clock: Clock): OperatorWorld['pki'] {
  return {
    init: async (folder, hosts) => {
      const { initPki } = await import('./signer/pki.ts');
      return initPki(folder, hosts, clock());
    },
    addClient: async (folder, name) => {
      const { addClient } = await import('./signer/pki.ts');
      return addClient(folder, name, clock());
    },
    list: async (folder) => {
      const { listPki } = await import('./signer/pki-renew.ts');
      const { readWithdrawn } = await import('./signer/pki-withdraw.ts');
      const withdrawn = readWithdrawn(folder) ?? new Set();
      return listPki(folder).map((one) => ({
        ...one,
        withdrawn: withdrawn.has(one.fingerprint),
      }));
    },
    renew: async (folder, name, options) => {
      const { renewMember } = await import('./signer/pki-renew.ts');
      return renewMember(folder, name, options, clock());
    },
    withdraw: async (folder, name) => {
      const { withdrawMember } = await import('./signer/pki-withdraw.ts');
      return withdrawMember(folder, name, clock());
    },
  };
}

/** A client that is made when it is first used. */
function connectLater(ca: string | undefined): HttpConnection {
  let client: Promise<HttpConnection> | undefined;
  return {
    async send(request, limitBytes) {
      client ??= import('../adapters/remotes/index.ts').then(
        ({ HttpsClient }) => new HttpsClient({ ca }),
      );
      return (await client).send(request, limitBytes);
    },
    [Symbol.dispose]: () => void client?.then((each) => each[Symbol.dispose]()),
  };
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
