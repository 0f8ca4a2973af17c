import {
  type Descriptor,
  type Index,
  imageConfigLimitBytes,
  isImageConfigMediaType,
  type Manifest,
  parseImageConfig,
  platformOf,
} from '../oci/index.ts';
import { copyError } from './errors.ts';
import type { CopySource } from './ports.ts';
import { verifiedPieces } from './verified-pieces.ts';

/**
 * The one image of an index that is for a platform. `linux/arm64` is also `linux/arm64/v8` where there
 * is no other.
 * @throws StoreError COPY_PLATFORM
 */
export function childFor({ manifests }: Index, platform: string): Descriptor {
  const exact = manifests.find((each) => platformOf(each) === platform);
  const [only, ...others] = manifests.filter((each) => isVariantOf(platformOf(each), platform));
  const chosen = exact ?? (others.length === 0 ? only : undefined);
  if (chosen) return chosen;
  throw copyError('COPY_PLATFORM', { platform, found: manifests.map(platformOf) });
}

/**
 * An image that is in no index must be for the platform by its own configuration.
 * @throws StoreError COPY_PLATFORM, COPY_BLOB_MISSING, COPY_TOO_MUCH, and what `verifiedPieces` and
 *         `parseImageConfig` throw
 */
export async function requirePlatform(
  source: CopySource,
  { config }: Manifest,
  platform: string,
): Promise<void> {
  const found = await platformIn(source, config);
  if (found === platform || isVariantOf(found, platform)) return;
  throw copyError('COPY_PLATFORM', { platform, found: [found] });
}

async function platformIn(source: CopySource, config: Descriptor): Promise<string> {
  const { digest, mediaType, sizeBytes } = config;
  if (!isImageConfigMediaType(mediaType)) return mediaType;
  if (sizeBytes > imageConfigLimitBytes) {
    throw copyError('COPY_TOO_MUCH', {
      limit: imageConfigLimitBytes,
      what: 'bytes of configuration',
    });
  }
  const bytes = await source.openBlob(digest);
  if (!bytes) throw copyError('COPY_BLOB_MISSING', { digest });
  for await (const whole of verifiedPieces(bytes, config, imageConfigLimitBytes)) {
    const { os, architecture, variant } = parseImageConfig(whole.bytes);
    return platformOf({ digest, platform: { os, architecture, variant, osVersion: undefined } });
  }
  throw new TypeError('there is always a last piece');
}

function isVariantOf(found: string, platform: string): boolean {
  return found.startsWith(`${platform}/`);
}
