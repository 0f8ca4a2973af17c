/** The names under which docker finds this program as a plugin. */
export type PluginName = 'docker-trust' | 'docker-dct';

/** The plugin that a program's name stands for; undefined for any other name. */
export function pluginNameOf(program: string): PluginName | undefined {
  const name = program.replace(/\.exe$/i, '');
  return name === 'docker-trust' || name === 'docker-dct' ? name : undefined;
}
