/**
 * Where the passphrases of private keys come from: the environment, files and descriptors that it
 * names, a terminal, or a test. It never writes one anywhere, and knows no keys.
 */
export {
  type Environment,
  environmentPassphrases,
  newPassphraseFrom,
  newPassphraseVariable,
  passphraseVariables,
  secretFrom,
  withoutSecrets,
} from './environment.ts';
export { passphraseError } from './errors.ts';
export { firstOf, fixedPassphrase, type PassphraseSource } from './source.ts';
export { processTerminal, type Terminal, terminalPassphrases } from './terminal.ts';
