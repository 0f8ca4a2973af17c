import { isStoreError } from '../base/index.ts';
import { type Staged, withChange } from './change.ts';
import { isWithin } from './draft.ts';
import { clientError } from './errors.ts';
import { inRoles, type Stageable } from './in-roles.ts';
import { openTrust } from './open-trust.ts';
import type { Changelist, ListedChange } from './ports.ts';
import {
  draftFor,
  type Published,
  type PublishRequest,
  publish,
  requireSignable,
} from './publish.ts';
import { homeOf, type RoleChange } from './role-change.ts';

type StagedRequest = Omit<PublishRequest, 'changes' | 'whenNew' | 'onAccepted'> & {
  readonly changelist: Changelist;
};

/**
 * Puts changes behind those that wait for the next publish. They are tried upon the repository as it
 * is, after what waits already, and the keys are looked for without opening any: one that could not
 * be made, or signed, would hold up all the others later.
 *
 * @returns what was staged: a target once for each role in which it will be signed
 * @throws StoreError CLIENT_STAGED_REFUSED for one that waits already, and what {@link publish} and
 *         the list throw: then nothing was staged
 */
export async function stage(
  request: StagedRequest & { readonly changes: readonly Stageable[] },
): Promise<readonly RoleChange[]> {
  const { gun, changelist, changes, remote, cache, keys, pin, now } = request;
  const trust = request.opened ?? (await openTrust({ gun, source: remote, cache, pin, now }));
  const waiting = await readList(request);
  const held = await keys.keys();
  let draft = await draftFor(trust, [...waiting, ...changes], remote);
  for (const change of waiting) draft = withChange(draft, change, held, now);
  const staged: RoleChange[] = [];
  for (const change of changes) {
    staged.push(...inRoles(draft, change, held, now));
    draft = withChange(draft, change, held, now);
  }
  requireSignable(draft, trust, held);
  await changelist.append(gun, staged);
  return staged;
}

export interface PublishedStaged extends Published {
  /** How many changes were made. */
  readonly changes: number;
}

/**
 * Publishes what was staged, all or none, and takes exactly that out of the list as soon as the
 * server has it. When somebody else publishes in between, the same changes are made upon what is
 * there now. A repository that nobody has signed in yet is begun, if anything is staged for it.
 *
 * Whoever is killed after the server has it, and before the list is empty, finds the end of the list
 * staged, and may publish it again: what it sets is set, and what it removes is gone.
 *
 * @throws StoreError CLIENT_STAGED_REFUSED, what the list throws of a change that cannot be read, and what
 *         {@link publish} throws: then all stay staged. CLIENT_STAGED_LEFT, CLIENT_PUBLISHED_UNREAD:
 *         they were published
 */
export async function publishStaged(request: StagedRequest): Promise<PublishedStaged> {
  const { gun, changelist } = request;
  const changes = await readList(request);
  const files = changes.map(({ file }) => file);
  const published = await publish({
    ...request,
    changes,
    whenNew: changes.length > 0 ? 'initialise' : 'refuse',
    onAccepted: async () => {
      try {
        await changelist.remove(gun, files);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        throw clientError('CLIENT_STAGED_LEFT', { gun, reason: error.message }, error);
      }
    },
  });
  return { ...published, changes: changes.length };
}

/** One that cannot be read stops the list: what stands behind it may need it. */
async function readList({ gun, changelist }: StagedRequest): Promise<readonly Staged[]> {
  const changes = (await changelist.list(gun)).map((listed: ListedChange) => {
    if ('failure' in listed) throw listed.failure;
    return listed;
  });
  const removals = changes.flatMap(({ change }, at) =>
    change.kind === 'remove-delegation' ? [{ at, name: change.name }] : [],
  );
  return changes.map((listed, number) => {
    const home = homeOf(listed.change);
    const isUndone =
      home !== undefined && removals.some(({ at, name }) => at > number && isWithin(home, name));
    return { kind: 'staged', number, isUndone, ...listed };
  });
}
