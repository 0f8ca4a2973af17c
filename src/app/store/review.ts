import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Policy, policyWithoutFile } from '../../adapters/policy/policy.ts';
import { AdvisoryFolder, layerOpener, noAdvisories } from '../../adapters/scanners/index.ts';
import type { ReviewImage } from '../../chain/index.ts';
import { type ReviewPorts, review } from '../../chain/review/index.ts';
import type { Config } from '../config.ts';
import { appError } from '../errors.ts';

/**
 * The operator's policy; without a file, what docs/policy.example.yaml says.
 * @throws StoreError CONFIG_FILE, POLICY_...
 */
export async function readPolicy({ policyFile }: Config): Promise<Policy> {
  if (policyFile === undefined) return policyWithoutFile;
  const source = await readFile(policyFile, 'utf8').catch((cause: Error) => {
    const detail = { flag: '--policy', path: policyFile, reason: cause.message };
    throw appError('CONFIG_FILE', detail, cause);
  });
  // A store without such a file does without what reads YAML.
  const { parsePolicy } = await import('../../adapters/policy/index.ts');
  return parsePolicy(source, (file) => readFileSync(resolve(dirname(policyFile), file)));
}

/**
 * The review, with the policy and the operator's advisories. The folder is read once at the start,
 * so that a wrong path is found before the first candidate needs it.
 * @throws StoreError SCAN_ADVISORIES_UNAVAILABLE
 */
export async function makeReview(
  { advisoriesFolder }: Config,
  policy: Policy,
  { images, blobs }: Pick<ReviewPorts, 'images' | 'blobs'>,
): Promise<ReviewImage> {
  const advisories =
    advisoriesFolder === undefined ? noAdvisories : new AdvisoryFolder(advisoriesFolder);
  await advisories.current();
  const ports = { images, blobs, layers: layerOpener, advisories };
  return (request, now, signal) => review(request, ports, policy.review, now, signal);
}
