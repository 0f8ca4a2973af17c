import type { DockerTrustWorld } from '../docker-ports.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { serviceCreateFlags, serviceUpdateFlags } from './flag-tables.ts';
import { refuseMountedTag } from './run.ts';
import { trustedImageOrId } from './trusted-image.ts';

const refusal = {
  code: 1,
  prefix: 'failed to resolve image digest using content trust: ',
} as const;

/**
 * `docker service create`: the service is made of the digest that the image's tag is signed for, which docker resolved
 * itself before version 29.
 * @see docker/cli 28.2.2, cli/command/service/trust.go
 */
export const serviceCreateCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  takes: 'one or more',
  flags: serviceCreateFlags,
  interspersed: false,
  refusal,
  async run({ docker, path }, line) {
    const [name = ''] = line.args;
    for (const mount of line.flags.list('mount')) refuseMountedTag(mount);
    return await docker.program.run([...path, ...line.withArgument(await pinned(docker, name))]);
  },
};

/** `docker service update`, where it is given another image. */
export const serviceUpdateCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] SERVICE',
  takes: 'one',
  flags: serviceUpdateFlags,
  interspersed: true,
  refusal,
  async run({ docker, path }, line) {
    for (const mount of line.flags.list('mount-add')) refuseMountedTag(mount);
    const name = line.flags.text('image');
    const image = name === undefined ? [] : [`--image=${await pinned(docker, name)}`];
    return await docker.program.run([...path, ...line.withFlags(image, ['image'])]);
  },
};

/** With its tag, which `docker service ls` shows. */
async function pinned(docker: DockerTrustWorld, name: string): Promise<string> {
  const image = await trustedImageOrId(docker, name);
  return image ? `${image.tagged}@${image.digest}` : name;
}
