import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { pluginFlags } from './flag-tables.ts';
import { trustedImage } from './trusted-image.ts';

/**
 * `docker plugin install`: the plugin that its tag is signed for, under the name of that tag. docker resolved it itself
 * before version 29.
 * @see docker/cli 28.2.2, cli/command/plugin/install.go buildPullConfig
 */
export const pluginInstallCommand: EnforcedCommand = {
  paths: ['plugin install'],
  synopsis: '[OPTIONS] PLUGIN [KEY=VALUE...]',
  takes: 'one or more',
  flags: pluginFlags,
  interspersed: true,
  refusal: { code: 1 },
  async run({ docker, path }, line) {
    const [name = ''] = line.args;
    const plugin = await trustedImage(docker, name);
    const isNamed = plugin === undefined || line.flags.text('alias') !== undefined;
    const alias = isNamed ? [] : [`--alias=${plugin.tagged}`];
    return await docker.program.run([...path, ...line.withFlags(alias, [], plugin?.pinned)]);
  },
};

/** `docker plugin upgrade`, which would ask for the plugin by its tag. */
export const pluginUpgradeCommand: EnforcedCommand = {
  paths: ['plugin upgrade'],
  synopsis: '[OPTIONS] PLUGIN [REMOTE]',
  takes: 'one or more',
  flags: pluginFlags,
  interspersed: true,
  refusal: { code: 1 },
  async run({ docker, path }, line) {
    const remote = line.args[1] ?? '';
    if (!/@sha256:[0-9a-f]{64}$/.test(remote)) {
      throw unenforceable(
        'plugin upgrade asks for a tag; name the plugin to come by digest, as REMOTE',
      );
    }
    return await docker.program.run([...path, ...line.withFlags([], [])]);
  },
};
