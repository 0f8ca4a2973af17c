import { dockerCredentials, Remotes } from '../../adapters/remotes/index.ts';
import type { Clock, Digest } from '../../base/index.ts';
import type { CliWorld, Copier, CopyQuestion } from '../../cli/index.ts';
import { copyImage } from '../../copy/index.ts';
import { readTlsFolder } from './tls-folder.ts';

/** Two repositories, with docker's logins, and certificates and proxies as for its other commands. */
export async function openCopier(
  { source: from, destination: to, ca, ...options }: CopyQuestion,
  {
    env,
    dockerFolder,
    clock,
  }: { readonly env: CliWorld['env']; readonly dockerFolder: string; readonly clock: Clock },
): Promise<Copier> {
  const credentials = dockerCredentials(dockerFolder);
  const remotesOf = async (host: string) =>
    new Remotes({
      ...{ credentials, clock, proxyEnv: env },
      ...(await readTlsFolder(dockerFolder, host, ca)),
    });
  using opened = new DisposableStack();
  const there = opened.use(await remotesOf(to.host));
  const here = from.host === to.host ? there : opened.use(await remotesOf(from.host));
  const source = await here.copySource(from);
  const isOneRegistry = from.host === to.host && from.repository !== to.repository;
  const destination = await there.copyDestination(to, isOneRegistry ? from.repository : undefined);
  const known = new Set<Digest>();
  const connections = opened.move();
  return {
    tags: () => source.tags(),
    copy: (reference, tag, watch) =>
      copyImage({ ...options, source, destination, reference, tag, watch, there: known }),
    [Symbol.dispose]: () => connections.dispose(),
  };
}
