import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { stagedRows, stagedTable } from './staged-rows.ts';
import { refusal } from './texts.ts';

/** `docker trust reset`: what was published stays as it is. */
export const resetCommand: TrustCommand = {
  path: 'reset',
  summary: 'Take staged changes back',
  synopsis: '[OPTIONS] REPOSITORY',
  takes: { exactly: 1 },
  flags: [{ name: 'number', short: 'n', kind: 'list' }, { name: 'all', kind: 'boolean' }, jsonFlag],
  options: [
    '      --all           All of them\n',
    '      --json          Print JSON\n',
    '  -n, --number list   Those with these numbers in status\n',
  ].join(''),
  isOurs: true,
  async run({ world, docker }, [name = ''], flags) {
    const { gun } = parseImageName(name);
    const texts = flags.list('number').flatMap((text) => text.split(','));
    const isAll = flags.isOn('all');
    if (isAll === texts.length > 0) throw refusal('name changes with --number, or --all of them');
    const listed = await docker.changelist.list(gun);
    const numbers = isAll ? [...listed.keys()] : texts.map((text) => parseNumber(text, listed));
    const changes = stagedRows(listed).filter(({ number }) => numbers.includes(number));
    const files = changes.map(({ file }) => file);
    await docker.changelist.remove(gun, files);
    if (flags.isOn('json')) shown(world, { gun, changes });
    else {
      // Others may have staged or published since `status`, and the numbers be those of other changes.
      if (changes.length > 0) world.print(stagedTable(changes));
      world.print(`Successfully reset specified changes for repository ${gun}\n`);
    }
    return 0;
  },
};

/** One that is wrong takes nothing back: the numbers of the others may be wrong too. */
function parseNumber(text: string, { length }: readonly unknown[]): number {
  if (/^\d{1,9}$/.test(text) && Number(text) < length) return Number(text);
  throw refusal(`there is no staged change ${text}; see status`);
}
