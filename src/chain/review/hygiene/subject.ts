import type { ImageConfig, LayeredFilesystem } from '../../../oci/index.ts';
import type { Extract } from '../extract.ts';
import type { ReviewLimits } from '../policy.ts';

/** What the rules of hygiene look at: one platform of the image, already read. */
export interface HygieneSubject {
  /** For the findings: the platform's name, alone. */
  readonly platforms: readonly string[];
  readonly config: ImageConfig;
  readonly annotations: ReadonlyMap<string, string>;
  readonly view: LayeredFilesystem<Extract>;
  /** As they are pulled. */
  readonly layers: readonly { readonly digest: string; readonly sizeBytes: number }[];
  readonly limits: ReviewLimits;
}
