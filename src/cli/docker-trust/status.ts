import { exitCodes } from '../exit-codes.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { stagedRows, stagedTable } from './staged-rows.ts';

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
    const rows = stagedRows(await docker.changelist.list(gun));
    if (flags.isOn('json')) shown(world, rows);
    else if (rows.length === 0) world.print(`No unpublished changes for ${gun}\n`);
    else world.print(`Unpublished changes for ${gun}:\n\n${stagedTable(rows)}`);
    return rows.some(({ failure }) => failure) ? exitCodes.no : exitCodes.done;
  },
};
