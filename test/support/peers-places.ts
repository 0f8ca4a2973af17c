import type { DockerCli } from './docker-cli.ts';
import { startReferencePair } from './peers-reference.ts';
import { ServerProcess } from './server-process.ts';

/** Somewhere to push to and pull from: the reference pair, or the store. */
export interface Place extends AsyncDisposable {
  /** `127.0.0.1:PORT` of the registry. */
  readonly host: string;
  /** What docker must find in its environment there. */
  readonly variables: Readonly<Record<string, string>>;
  /** Does nothing where nobody is asked who they are. */
  login(docker: DockerCli, name: string): Promise<void>;
}

/** Somebody who may push to one namespace. */
export interface Publisher {
  readonly name: string;
  readonly namespace: string;
}

/**
 * The places where a test of plain content trust runs, by name; the first is the standard that the
 * second is held to. Only the reference pair needs `DOCKER_CONTENT_TRUST_SERVER`.
 */
export const places: Readonly<Record<string, (publishers: Publisher[]) => Promise<Place>>> = {
  'docker-registry and notary-server': openReferencePair,
  'the store': openStore,
};

async function openReferencePair(): Promise<Place> {
  const pair = await startReferencePair();
  return {
    host: pair.registry,
    variables: { DOCKER_CONTENT_TRUST_SERVER: pair.trustServer },
    login: async () => {},
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}

async function openStore(publishers: Publisher[]): Promise<Place> {
  const server = await ServerProcess.start();
  const password = 'a password for a test';
  for (const { name, namespace } of publishers) {
    await server.addUser({ name, password, role: 'producer', namespace });
  }
  return {
    host: server.host,
    variables: {},
    login: async (docker, name) => {
      await docker.login(server.host, name, password);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
