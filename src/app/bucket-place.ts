import type { BucketPlace } from '../adapters/blobs/s3/index.ts';
import { appError } from './errors.ts';

/** The longest that a URL may be good for which readers are sent to, in seconds. */
const mostLifetimeSeconds = 3_600;

/**
 * Reads `s3://BUCKET[/PREFIX][?region=...&endpoint=...&redirect=SECONDS&redirect-endpoint=...]`.
 * Credentials do not belong there, so what is wrong is not repeated.
 * @throws StoreError CONFIG_BLOBS
 */
export function parseBucketPlace(text: string): BucketPlace {
  const url = URL.canParse(text) ? new URL(text) : refuse('it is no URL');
  if (url.protocol !== 's3:') refuse('it does not begin with s3://');
  if (url.username || url.password) refuse('it has credentials, which the environment has to hold');
  if (url.port || url.hash) refuse('it has a port or a fragment');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname)) refuse('it names no bucket');
  const prefix = url.pathname.replace(/^\/|\/$/g, '');
  if (!/^([\w.-]+(\/[\w.-]+)*)?$/.test(prefix))
    refuse('its path is not of letters, digits and ._-');
  const words = onlyOnce(url.searchParams, ['region', 'endpoint', 'redirect', 'redirect-endpoint']);
  const redirect = words.get('redirect');
  const redirectEndpoint = words.get('redirect-endpoint');
  if (redirectEndpoint && !redirect) refuse('redirect-endpoint needs redirect=SECONDS');
  return {
    bucket: url.hostname,
    prefix: prefix && `${prefix}/`,
    region: words.get('region'),
    endpoint: endpointOf(words.get('endpoint')),
    redirect: redirect
      ? { lifetimeSeconds: secondsOf(redirect), endpoint: endpointOf(redirectEndpoint) }
      : undefined,
  };
}

/** For people, and to be told from another one. */
export function nameOfBucketPlace({ bucket, prefix }: BucketPlace): string {
  return `s3://${bucket}/${prefix}`;
}

function onlyOnce(
  parameters: URLSearchParams,
  known: readonly string[],
): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (!known.includes(name)) refuse(`it knows ${known.join(', ')}, and nothing else`);
    if (words.has(name) || value === '') refuse(`it says ${name} twice, or not what it is`);
    words.set(name, value);
  }
  return words;
}

function endpointOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : refuse('an endpoint is no URL');
  const { protocol, username, password, pathname, search } = url;
  if (!/^https?:$/.test(protocol) || username || password || pathname !== '/' || search) {
    refuse('an endpoint is not just http(s)://HOST[:PORT]');
  }
  return url.origin;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,4}$/.test(text) && seconds >= 1 && seconds <= mostLifetimeSeconds) return seconds;
  return refuse(`redirect is a number of seconds, at most ${mostLifetimeSeconds}`);
}

function refuse(reason: string): never {
  throw appError('CONFIG_BLOBS', { reason });
}
