/**
 * Where the passphrases of private keys come from: the environment, a terminal, or a test. It never
 * writes one anywhere, and knows neither keys nor files.
 */
export { environmentPassphrases, passphraseVariables } from './environment.ts';
export { passphraseError, passphraseErrors } from './errors.ts';
export {
  firstOf,
  fixedPassphrase,
  type PassphraseRequest,
  type PassphraseSource,
} from './source.ts';
export { processTerminal, type Terminal, terminalPassphrases } from './terminal.ts';
