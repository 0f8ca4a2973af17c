import { refusal } from './texts.ts';

const namePattern = /^[a-z0-9][a-z0-9_-]*$/;

/** @param what  `key` or `signer` @throws StoreError CLI_DOCKER_TRUST, in docker's words */
export function requireName(what: 'key' | 'signer', name: string): void {
  if (namePattern.test(name)) return;
  throw refusal(
    `${what} name "${name}" must start with lowercase alphanumeric characters and can include "-" or "_" after the first character`,
  );
}
