import type { Trust } from '../../client/index.ts';
import type { DelegationName } from '../../tuf/index.ts';
import { table } from '../table.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';

/** `docker trust delegation ls` */
export const delegationLsCommand: TrustCommand = {
  path: 'delegation ls',
  summary: 'List the delegations of a repository',
  synopsis: '[OPTIONS] REPOSITORY',
  takes: { exactly: 1 },
  flags: [jsonFlag],
  options: '      --json   Print JSON\n',
  isOurs: true,
  async run({ world, docker }, [name = ''], flags) {
    const rows = rowsOf(await docker.open(parseImageName(name).gun));
    if (flags.isOn('json')) shown(world, rows);
    else if (rows.length === 0) world.print('No delegations.\n');
    else world.print(table(headings, rows.map(cells)));
    return 0;
  },
};

const headings = ['ROLE', 'PATHS', 'KEY IDS', 'THRESHOLD', 'STATE'];

interface Row {
  readonly role: DelegationName;
  /** Prefixes of the tags it may sign; the empty one allows all. */
  readonly paths: readonly string[];
  readonly keyIds: readonly string[];
  readonly threshold: number;
  /** `unsigned`: nobody has signed in it yet. */
  readonly state: 'verified' | 'unsigned' | 'invalid';
  readonly reason: { readonly code: string; readonly message: string } | null;
}

function rowsOf({ set }: Trust): Row[] {
  const rows = [...set.targets.values()].flatMap(({ file: { signed } }) =>
    signed.delegations.roles.map(({ name, paths, keyIds, threshold }): Row => {
      const why = set.skipped.get(name);
      const state = why ? 'invalid' : set.targets.has(name) ? 'verified' : 'unsigned';
      const reason = why ? { code: why.code, message: why.message } : null;
      // Canonical ids: those of `key ls` and of key files.
      const ids = keyIds.map((id) => signed.delegations.keys.get(id)?.canonicalId ?? id);
      return { role: name, paths, keyIds: ids, threshold, state, reason };
    }),
  );
  return rows.sort((a, b) => (a.role < b.role ? -1 : 1));
}

function cells({ role, paths, keyIds, threshold, state, reason }: Row): string[] {
  const prefixes = paths.length === 0 ? 'none' : paths.includes('') ? 'all' : paths.join(', ');
  const told = reason ? `${state}: ${reason.code}` : state;
  return [role, prefixes, keyIds.join(', ') || 'none', String(threshold), told];
}
