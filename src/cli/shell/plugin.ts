import { Command } from 'commander';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';

/** `plugin install` */
export function pluginCommands(world: Pick<CliWorld, 'installPlugin' | 'print'>): Command {
  const plugin = new Command('plugin').description('This program as a plugin of docker');
  plugin
    .command('install')
    .description('Put docker trust (docker dct, before docker 29) where docker finds it')
    .option('--config <dir>', "docker's configuration folder (or DOCKER_CONFIG, else ~/.docker)")
    .action(async ({ config }: { config?: string }) => {
      const { file, command } = await world.installPlugin({ config });
      world.print(`wrote ${printable(file)}\nUse it as "${command}".\n`);
    });
  return plugin;
}
