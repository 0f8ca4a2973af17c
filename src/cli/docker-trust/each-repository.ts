import { isStoreError } from '../../base/index.ts';
import type { TrustContext } from './command.ts';
import { shown } from './shown.ts';
import { refusal, wordsFor } from './texts.ts';

/** What is done to a signer in several repositories, each for itself. */
export interface SignerTask {
  readonly signer: string;
  readonly repositories: readonly string[];
  /** Before the names of those that failed: `failed to add signer to`. */
  readonly failure: string;
  readonly asJson: boolean;
  /** @returns false when a person said no */
  readonly work: (repository: string) => Promise<boolean>;
}

/**
 * As docker does: a failure is told, and the other repositories are done all the same.
 * @throws StoreError CLI_DOCKER_TRUST with the names of those that failed
 */
export async function inEachRepository(
  { world }: Pick<TrustContext, 'world'>,
  { signer, repositories, failure, asJson, work }: SignerTask,
): Promise<number> {
  const failed: string[] = [];
  const rows: object[] = [];
  for (const repository of repositories) {
    const about = { signer, repository };
    try {
      rows.push({ ...about, done: await work(repository), failure: null });
    } catch (error) {
      if (!isStoreError(error)) throw error;
      const { code, message } = error;
      rows.push({ ...about, done: false, failure: { code, message } });
      world.printError(`${wordsFor(error)}\n\n`);
      failed.push(repository);
    }
  }
  if (asJson) shown(world, rows);
  if (failed.length > 0) throw refusal(`${failure}: ${failed.join(', ')}`);
  return 0;
}
