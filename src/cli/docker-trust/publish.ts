import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { stagedRows, stagedTable } from './staged-rows.ts';

/** `docker trust publish` */
export const publishCommand: TrustCommand = {
  path: 'publish',
  summary: 'Sign and publish the staged changes, all or none',
  synopsis: '[OPTIONS] REPOSITORY',
  takes: { exactly: 1 },
  flags: [jsonFlag],
  options: '      --json   Print JSON\n',
  isOurs: true,
  async run({ world, docker, say }, [name = ''], flags) {
    const { gun } = parseImageName(name);
    say(`Pushing changes to ${gun}\n`);
    const listed = await docker.changelist.list(gun);
    const rows = stagedRows(listed);
    // Before anything is signed: one may have come since `status`.
    if (rows.length > 0) say(stagedTable(rows));
    const { initialised, signed } = await docker.publishStaged(gun, listed);
    const changes = rows.map(({ change }) => change);
    if (flags.isOn('json')) shown(world, { gun, changes, initialised, signed });
    else if (rows.length === 0 && !initialised) world.print(`No unpublished changes for ${gun}\n`);
    else world.print(`Successfully published changes for repository ${gun}\n${toldOf(signed)}`);
    return 0;
  },
};

function toldOf(signed: readonly string[]): string {
  return signed.length === 0 ? 'They were made already\n' : `Signed ${signed.join(', ')}\n`;
}
