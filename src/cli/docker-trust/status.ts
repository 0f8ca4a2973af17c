import type { ListedChange } from '../../client/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { table } from '../table.ts';
import { type ChangeWords, describeChange } from './change-words.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';

/** `docker trust status`: 1 when one of the changes cannot be read, and so none can be published. */
export const statusCommand: TrustCommand = {
  path: 'status',
  summary: 'Show the changes staged for the next publish',
  synopsis: '[OPTIONS] REPOSITORY',
  takes: { exactly: 1 },
  flags: [jsonFlag],
  options: '      --json   Print JSON\n',
  isOurs: true,
  async run({ world, docker }, [name = ''], flags) {
    const { gun } = parseImageName(name);
    const rows = (await docker.changelist.list(gun)).map(rowOf);
    if (flags.isOn('json')) shown(world, rows);
    else if (rows.length === 0) world.print(`No unpublished changes for ${gun}\n`);
    else {
      world.print(`Unpublished changes for ${gun}:\n\n${table(headings, rows.map(cells))}`);
    }
    return rows.some(({ failure }) => failure) ? exitCodes.no : exitCodes.done;
  },
};

const headings = ['#', 'ACTION', 'ROLE', 'TYPE', 'PATH', 'DETAIL'];

interface Row {
  /** From 0, as in notary: what `reset --number` takes. */
  readonly number: number;
  readonly file: string;
  readonly change: ChangeWords | null;
  /** Why it cannot be read. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

function rowOf(listed: ListedChange, number: number): Row {
  const { file } = listed;
  if ('change' in listed) {
    return { number, file, change: describeChange(listed.change), failure: null };
  }
  const { code, message } = listed.failure;
  return { number, file, change: null, failure: { code, message } };
}

function cells({ number, change, failure }: Row): string[] {
  if (!change) return [String(number), '?', '?', '?', '', `${failure?.code}: ${failure?.message}`];
  const { action, role, type, path, detail } = change;
  return [String(number), action, role, type, path, detail];
}
