import { layerOpener } from '../../src/adapters/scanners/index.ts';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { parseStagingRepository } from '../../src/chain/index.ts';
import {
  type Advisories,
  defaultPolicy,
  type ImageReview,
  type ReviewPolicy,
  review,
} from '../../src/chain/review/index.ts';
import { type Advisory, parseAdvisory, versionOrderOf } from '../../src/findings/index.ts';
import { parseRepositoryName, parseTag } from '../../src/oci/index.ts';
import { parseGun } from '../../src/tuf/index.ts';
import { ImageBuilder, type TestImage, type TestLayer } from './image-builder.ts';
import type { TarFields } from './tar-writer.ts';

/** Reviews images that tests build, with the real decompression and nothing else of the world. */

const now = new Date('2026-11-20T12:00:00Z');

/** An image with which nothing is wrong, but that nobody knows its packages. */
export const sound = {
  config: {
    User: '1000',
    Healthcheck: { Test: ['CMD', '/app', 'health'] },
    Labels: {
      'org.opencontainers.image.base.name': 'docker.io/library/debian:12',
      'org.opencontainers.image.base.digest': `sha256:${'a'.repeat(64)}`,
    },
  },
  layers: [[{ name: 'app', mode: 0o755, content: 'program' }]],
} satisfies TestImage;

/** A CVSS 3.1 vector of 9.8. */
export const high = [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }];

export function advisory(
  id: string,
  ecosystem: string,
  name: string,
  more: { fixed?: string; severity?: object[]; aliases?: string[] } = {},
): Advisory {
  const { fixed, severity = [], aliases = [] } = more;
  const events = [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])];
  const affected = [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events }] }];
  return parseAdvisory(
    utf8(
      JSON.stringify({ id, modified: '', summary: `About ${name}`, aliases, severity, affected }),
    ),
  );
}

export function npm(name: string, version: string): TarFields {
  return {
    name: `app/node_modules/${name}/package.json`,
    content: JSON.stringify({ name, version }),
  };
}

/** The sound image with another `config`. */
export function config(over: object): TestImage {
  return { ...sound, config: { ...sound.config, ...over } };
}

/** The sound image, built with this step. */
export function history(createdBy: string): TestImage {
  return { ...sound, history: [{ created_by: 'FROM scratch' }, { created_by: createdBy }] };
}

/** The sound image with these layers. */
export function layers(...over: readonly (readonly TarFields[] | TestLayer)[]): TestImage {
  return { ...sound, layers: over };
}

export function passwd(content: string): readonly TarFields[] {
  return [{ name: 'etc/passwd', content }];
}

/** The rules that found something, worst first. */
export function rulesOf({ findings }: ImageReview): string[] {
  return [...new Set(findings.map(({ rule }) => rule))];
}

export interface Options {
  readonly advisories?: readonly Advisory[];
  readonly warnings?: Advisories['warnings'];
  readonly policy?: ReviewPolicy;
  readonly tag?: string;
  readonly notes?: Parameters<typeof review>[0]['notes'];
  readonly signal?: AbortSignal;
  readonly content?: Parameters<typeof review>[0]['image'];
}

export async function reviewOf(image: TestImage, options: Options = {}): Promise<ImageReview> {
  const builder = new ImageBuilder();
  builder.manifest(image);
  return run(builder, options);
}

export function run(builder: ImageBuilder, options: Options = {}): Promise<ImageReview> {
  const digest = digestOf(utf8('signed'));
  const repository = parseStagingRepository('staging/acme/app');
  const request = {
    subject: {
      id: '0123456789abcdef',
      gun: parseGun('localhost:5443/staging/acme/app'),
      repository,
      tag: parseTag(options.tag ?? '1.0'),
      digest,
      sizeBytes: 1,
      signedBy: 'targets' as const,
      admittedAt: now,
    },
    repository: parseRepositoryName('certification/acme/app'),
    image: options.content ?? builder.content(),
    notes: options.notes ?? [],
  };
  const ports = {
    images: builder.images,
    blobs: { read: (of: typeof digest) => builder.read(of) },
    layers: layerOpener,
    advisories: { current: async () => advisoriesOf(options) },
  };
  return review(request, ports, options.policy ?? defaultPolicy, now, options.signal);
}

function advisoriesOf({ advisories = [], warnings = [] }: Options): Advisories {
  const all = advisories.flatMap((one) =>
    one.affected.map((affected) => ({ advisory: one, affected })),
  );
  return {
    revision: 'r',
    count: advisories.length,
    warnings,
    about: (ecosystem, name) =>
      all.filter(({ affected }) => affected.ecosystem === ecosystem && affected.name === name),
    has: (ecosystem) =>
      versionOrderOf(ecosystem) !== undefined &&
      all.some(({ affected }) => affected.ecosystem === ecosystem),
  };
}
