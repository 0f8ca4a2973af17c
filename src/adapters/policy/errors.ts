import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of the operator's policy file. The store does not start with a policy it does not understand. */
export const policyErrors = {
  POLICY_SYNTAX: { message: 'the policy is not YAML: {reason}' },
  POLICY_TOO_LARGE: { message: 'the policy is larger than {limitBytes} bytes' },
  POLICY_UNKNOWN_KEY: {
    message: 'the policy has an unknown key {path}; known here are: {known}',
  },
  POLICY_VALUE: { message: 'the policy has {found} at {path}; write {expected}' },
} satisfies Record<string, ErrorSpec>;

export const policyError = errorFactory(policyErrors);
