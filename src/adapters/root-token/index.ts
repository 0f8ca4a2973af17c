/**
 * Root keys on a PKCS#11 token, beside the other keys of a trust folder. A private half never leaves
 * the token; what is public on it is read without a PIN. It refuses to decide which key may sign.
 */
export { RootToken, type RootTokenOptions, rootTokenFrom } from './root-token.ts';
export { TokenRoots } from './token-roots.ts';
