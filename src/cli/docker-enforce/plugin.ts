import { formatImageReference, withDefaultTag } from '../../oci/index.ts';
import { parseImageName } from '../docker-trust/image-name.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { pluginFlags } from './flag-tables.ts';
import { trustedImage } from './trusted-image.ts';

/**
 * `docker plugin install`: the plugin that its tag is signed for, under the name of that tag. docker resolved it itself
 * before version 29.
 * @see docker/cli 28.2.2, cli/command/plugin/install.go buildPullConfig
 */
export const pluginInstallCommand: EnforcedCommand = {
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
    const words = line.withFlags(alias, [], [plugin?.pinned ?? name]);
    return await docker.program.run([...path, ...words]);
  },
};

/**
 * `docker plugin upgrade`, to what the tag is signed for that the plugin was installed from, or another one. docker
 * asks before it takes a plugin from elsewhere; a digest of the same tag is not that.
 * @see docker/cli 28.2.2, cli/command/plugin/upgrade.go runUpgrade
 */
export const pluginUpgradeCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] PLUGIN [REMOTE]',
  takes: 'one or more',
  flags: pluginFlags,
  interspersed: true,
  refusal: { code: 1 },
  async run({ docker, path }, line) {
    const [name = '', given] = line.args;
    const inspect = ['plugin', 'inspect', '--format', '{{.PluginReference}}', '--', name];
    const installed = (await docker.program.ask(inspect)).trim();
    const remote = given ?? installed;
    const plugin = await trustedImage(docker, remote);
    const isSame = plugin !== undefined && fullName(remote) === fullName(installed);
    const added = isSame ? ['--skip-remote-check'] : [];
    const words = line.withFlags(added, [], [name, plugin?.pinned ?? remote]);
    return await docker.program.run([...path, ...words]);
  },
};

function fullName(name: string): string {
  return formatImageReference(withDefaultTag(parseImageName(name)));
}
