import type { TrustCommand } from './command.ts';
import { inspectCommand } from './inspect.ts';
import { keyGenerateCommand } from './key-generate.ts';
import { keyLoadCommand } from './key-load.ts';
import { revokeCommand } from './revoke.ts';
import { signCommand } from './sign.ts';
import { signerAddCommand } from './signer-add.ts';
import { signerRemoveCommand } from './signer-remove.ts';

/** Every command of `docker trust`: what is found here is run, and listed in the help. */
export const trustCommandTable: readonly TrustCommand[] = [
  inspectCommand,
  revokeCommand,
  signCommand,
  keyGenerateCommand,
  keyLoadCommand,
  signerAddCommand,
  signerRemoveCommand,
];
