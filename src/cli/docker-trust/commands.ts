import type { TrustCommand } from './command.ts';
import {
  delegationAddCommand,
  delegationPurgeCommand,
  delegationRmCommand,
} from './delegation-edit.ts';
import { delegationLsCommand } from './delegation-ls.ts';
import { doctorCommand } from './doctor.ts';
import { expiryCommand } from './expiry.ts';
import { inspectCommand } from './inspect.ts';
import { keyBackupCommand, keyRestoreCommand } from './key-backup.ts';
import { keyExportCommand } from './key-export.ts';
import { keyGenerateCommand } from './key-generate.ts';
import { keyImportCommand } from './key-import.ts';
import { keyLoadCommand } from './key-load.ts';
import { keyLsCommand } from './key-ls.ts';
import { keyPasswdCommand } from './key-passwd.ts';
import { keyRmCommand } from './key-rm.ts';
import { keyRotateCommand } from './key-rotate.ts';
import { publishCommand } from './publish.ts';
import { resetCommand } from './reset.ts';
import { revokeCommand } from './revoke.ts';
import { signCommand } from './sign.ts';
import { signerAddCommand } from './signer-add.ts';
import { signerRemoveCommand } from './signer-remove.ts';
import { statusCommand } from './status.ts';
import { witnessCommand } from './witness.ts';

/** Every command of `docker trust`: what is found here is run, and listed in the help. */
export const trustCommandTable: readonly TrustCommand[] = [
  inspectCommand,
  revokeCommand,
  signCommand,
  keyGenerateCommand,
  keyLoadCommand,
  keyLsCommand,
  keyExportCommand,
  keyImportCommand,
  keyPasswdCommand,
  keyRmCommand,
  keyRotateCommand,
  keyBackupCommand,
  keyRestoreCommand,
  signerAddCommand,
  signerRemoveCommand,
  delegationLsCommand,
  delegationAddCommand,
  delegationRmCommand,
  delegationPurgeCommand,
  witnessCommand,
  statusCommand,
  publishCommand,
  resetCommand,
  expiryCommand,
  doctorCommand,
];
