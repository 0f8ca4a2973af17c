import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DockerCli, DockerRun } from './docker-cli.ts';

/** What goes into a test's image, beside busybox. */
export interface ImagePlan {
  /** Dockerfile lines after the base; the default is {@link wellKept}. */
  readonly dockerfile?: readonly string[];
  /** Path in the build context to content. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** The lines of an image a careful producer would send: not root, a health check, its base named. */
export const wellKept: readonly string[] = [
  'LABEL org.opencontainers.image.base.name=scratch',
  'USER 1000:1000',
  'HEALTHCHECK --interval=1s CMD ["/bin/busybox", "true"]',
];

/**
 * Builds an image `FROM scratch` with Debian's static busybox, by the classic builder, since the
 * test has no network and perhaps no buildx. Its command prints the tag, so that who runs it sees
 * what they got, and no two tags have the same digest.
 */
export async function buildImage(
  docker: DockerCli,
  tag: string,
  plan: ImagePlan = {},
  options: DockerRun = {},
): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'cm-build-'));
  try {
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    for (const [path, content] of Object.entries(plan.files ?? {})) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), content);
    }
    const lines = [
      'FROM scratch',
      'COPY busybox /bin/busybox',
      ...(plan.dockerfile ?? wellKept),
      `CMD ${JSON.stringify(['/bin/busybox', 'echo', greetingOf(tag)])}`,
    ];
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    await docker.must(['build', '--tag', tag, context], options);
  } finally {
    rmSync(context, { recursive: true });
  }
}

/** What the container of {@link buildImage} prints. */
export function greetingOf(tag: string): string {
  return `this is ${tag}`;
}
