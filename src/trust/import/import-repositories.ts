import { isStoreError } from '../../base/index.ts';
import { type Gun, parseGun } from '../../tuf/index.ts';
import { missingFiles } from './missing-files.ts';
import { keysToKeep, planOf, type RepositoryPlan } from './plan.ts';
import type { ImportSource, ImportTarget } from './ports.ts';
import { verifyRepository } from './verify-repository.ts';

/** What is told while it runs. */
export interface ImportWatch {
  /** A repository was looked at; nothing has been written yet. */
  readonly looked?: (plan: RepositoryPlan, count: number) => void;
  /** All were looked at; writing begins when this returns. */
  readonly planned?: (plans: readonly RepositoryPlan[]) => void;
  /** A repository was written, or turned out to be refused. */
  readonly wrote?: (plan: RepositoryPlan, count: number, total: number) => void;
}

export interface ImportRequest {
  readonly source: ImportSource;
  readonly target: ImportTarget;
  /** True: look, and write nothing. */
  readonly dryRun: boolean;
  readonly now: Date;
  /** `https://HOST[:PORT]` of this store and of the server it is taken from, as in commands. */
  readonly here: string;
  readonly there: string;
}

/**
 * Takes repositories over: looks at all of them first, tells what was found, then writes one after
 * the other, each whole or not at all. What is here already is not written again, so that an
 * import that was interrupted is begun again and goes on. A repository that does not verify,
 * cannot be read, or went another way here, is refused, and the others go on.
 *
 * @returns one plan per repository, with what was written
 * @throws whatever the source or the target throws but for IMPORT_* and TUF_*, and for what the source
 *         says is of one repository
 */
export async function importRepositories(
  request: ImportRequest,
  watch: ImportWatch = {},
): Promise<RepositoryPlan[]> {
  const plans: RepositoryPlan[] = [];
  for await (const name of request.source.names()) {
    const plan = await lookAt(name, request);
    plans.push(plan);
    watch.looked?.(plan, plans.length);
  }
  watch.planned?.(plans);
  if (request.dryRun) return plans;
  const total = plans.filter(({ state }) => isToWrite(state)).length;
  const done: RepositoryPlan[] = [];
  let count = 0;
  for (const plan of plans) {
    const after = isToWrite(plan.state) ? await write(plan, request) : plan;
    done.push(after);
    if (after !== plan) watch.wrote?.(after, ++count, total);
  }
  return done;
}

function isToWrite(state: RepositoryPlan['state']): boolean {
  return state === 'new' || state === 'newer';
}

async function lookAt(name: string, request: ImportRequest): Promise<RepositoryPlan> {
  try {
    const gun = parseGun(name);
    const source = await request.source.read(gun, false);
    const verified = await verifyRepository(gun, source.files);
    const stored = await request.target.stored(gun);
    const isMissing = missingFiles(gun, verified.files, stored.files, false).length > 0;
    return planOf({ ...request, verified, source, stored, isMissing });
  } catch (error) {
    return refused(name, error);
  }
}

async function write(plan: RepositoryPlan, request: ImportRequest): Promise<RepositoryPlan> {
  try {
    const gun = plan.gun as Gun;
    const source = await request.source.read(gun, true);
    const verified = await verifyRepository(gun, source.files);
    const keys = keysToKeep(verified, source.keys ?? []);
    const written = await request.target.write(gun, verified.files, keys, request.now);
    return { ...plan, written };
  } catch (error) {
    return { ...plan, ...refused(plan.gun, error) };
  }
}

function refused(gun: string, error: unknown): RepositoryPlan {
  if (!isStoreError(error)) throw error;
  const isOfIt = error.detail.repository === gun || /^(IMPORT|TUF)_/.test(error.code);
  if (!isOfIt) throw error;
  const { code, message } = error;
  return {
    gun,
    state: 'refused',
    reason: { code, message },
    versions: [],
    deadlines: [],
    keys: { timestamp: 'unknown', snapshot: 'unknown' },
    notes: [],
    todo: [],
  };
}
