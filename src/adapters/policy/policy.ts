import { defaultPolicy, type ReviewPolicy } from '../../chain/review/index.ts';
import type { Retention } from '../../trust/index.ts';
import { type RegistryPolicy, registryWithoutFile } from './registry-policy.ts';

/** What the operator decided: how images are judged, and what strangers may pull. */
export interface Policy {
  readonly review: ReviewPolicy;
  /** Anybody may pull what was certified. */
  readonly storeIsPublic: boolean;
  /** Ordinary namespaces that anybody may pull from. */
  readonly publicNamespaces: ReadonlySet<string>;
  /** Which old versions of trust metadata are kept; all of them when undefined. */
  readonly retention: Retention | undefined;
  readonly registry: RegistryPolicy;
}

/** What holds without a policy file; docs/policy.example.yaml says the same in words. */
export const policyWithoutFile: Policy = {
  review: defaultPolicy,
  storeIsPublic: true,
  publicNamespaces: new Set(),
  retention: undefined,
  registry: registryWithoutFile,
};
