import { Command } from 'commander';
import type { CliWorld } from '../ports.ts';
import type { ServeFlags } from './ports.ts';

/** `serve`: what the flags mean is app's to say. */
export function serveCommand(world: Pick<CliWorld, 'serve'>): Command {
  return new Command('serve')
    .description('Run a store: registry, trust server, chain, API')
    .option('--data <dir>', 'where everything is kept', './data')
    .option('--database <url>', 'PostgreSQL (or COUNTERMARK_DATABASE), not a file')
    .option('--listen <host:port>', 'where to listen', 'localhost:5443')
    .option('--plain-http', 'no TLS here: a proxy in front speaks it')
    .option('--store-name <name>', 'whose signature consumers see (default: countermark)')
    .option('--policy <file>', 'what blocks, what needs a reason, what is open to all')
    .option('--advisories <dir>', 'OSV advisories to match packages against')
    .option('--origin <host:port>', 'a name by which clients reach this store; repeatable', collect)
    .option('--gun-prefix <prefix>', 'serve only GUNs that begin so; repeatable', collect)
    .option('--signer <host:port>', 'a signer that holds the keys of the trust server')
    .option('--signer-pki <dir>', 'ca.crt, client.crt and client.key for that signer')
    .option('--hold <step>', 'let candidates wait before this step of the chain')
    .action((flags: ServeFlags) => world.serve(flags));
}

/** Values of a repeatable option, in order. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
