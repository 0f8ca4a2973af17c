import { Command } from 'commander';
import { counted } from '../../base/index.ts';
import type { CliWorld } from '../ports.ts';
import type { SignerFlags } from './ports.ts';
import { signerImportCommand } from './signer-import.ts';

/** `signer`, `signer reencrypt` and `signer import`: what the flags mean is app's to say. */
export function signerCommands(world: CliWorld): Command {
  const signer = new Command('signer')
    .description('Run a signer, which holds keys of trust servers')
    .option('--data <dir>', 'where the keys are kept', './signer-data')
    .option('--listen <host:port>', 'where to listen', 'localhost:7899')
    .option('--pki <dir>', 'ca.crt, signer.crt and signer.key (see pki init)', './pki')
    .option('--grants <file>', 'which certificate may use which keys (default: all may)')
    .option('--default-alias <name>', 'whose passphrase encrypts new keys (default: default)')
    .option('--pkcs11-module <file>', 'make keys on a token, through this library')
    .option('--pkcs11-token <label>', 'the token')
    .action((flags: SignerFlags) => world.signer(flags));
  signer
    .command('reencrypt')
    .description('Encrypt every key with the passphrase of the default alias')
    .action(async (_options: unknown, command: Command) => {
      const count = await world.reencrypt(command.optsWithGlobals<SignerFlags>());
      world.print(`${counted(count, 'key is', 'keys are')} encrypted again.\n`);
    });
  signer.addCommand(signerImportCommand(world));
  return signer;
}
