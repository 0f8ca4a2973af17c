import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from './free-port.ts';
import { PeerProcess } from './peer-process.ts';
import { wireRequest } from './wire-request.ts';

const servers = ['account', 'container', 'object'] as const;
const readyWithinMs = 60_000;
const bucket = 'countermark';
/** Its only user. */
export const s3Credentials = {
  accessKeyId: 'test:store',
  secretAccessKey: 'secret-of-a-test',
} as const;

/**
 * OpenStack Swift with its S3 API: the object store that clouds run, here of one node, with one copy of
 * everything, in a temporary folder and on free ports of 127.0.0.1. It has one bucket.
 * @see docs.openstack.org/swift, "S3/Swift REST API Comparison Matrix", "SAIO"
 */
export class S3Server implements AsyncDisposable {
  readonly bucket = bucket;
  readonly port: number;
  readonly client: S3Client;
  readonly #folder: string;
  readonly #processes: readonly PeerProcess[];

  private constructor(folder: string, port: number, processes: readonly PeerProcess[]) {
    this.#folder = folder;
    this.port = port;
    this.#processes = processes;
    this.client = new S3Client({
      endpoint: this.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: s3Credentials,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  static async start(): Promise<S3Server> {
    const folder = mkdtempSync(join(tmpdir(), 'cm-s3-'));
    mkdirSync(join(folder, 'devices', 'd'), { recursive: true });
    writeFileSync(join(folder, 'swift.conf'), swiftConf);
    for (const name of servers) {
      const port = await freePort();
      writeFileSync(join(folder, `${name}.conf`), storageConf(folder, name, port));
      writeFileSync(join(folder, `${name}.ring.gz`), ringOf(port));
    }
    const port = await freePort();
    writeFileSync(join(folder, 'proxy.conf'), proxyConf(folder, port));
    const processes = ['proxy', ...servers].map(
      (name) => new PeerProcess(`/usr/bin/swift-${name}-server`, [join(folder, `${name}.conf`)]),
    );
    const server = new S3Server(folder, port, processes);
    try {
      await server.#ready();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** A name and no address: clients compare hosts when they are sent from one to another. */
  get endpoint(): string {
    return `http://localhost:${this.port}`;
  }

  /**
   * What a store needs in its environment to have its blobs here.
   * @param words  more of what its URL says
   */
  environment(prefix: string, words: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const query = new URLSearchParams({
      ...{ region: 'us-east-1', endpoint: this.endpoint },
      ...words,
    });
    return {
      COUNTERMARK_BLOBS: `s3://${bucket}/${prefix}?${query}`,
      AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await Promise.all(this.#processes.map((peer) => peer[Symbol.asyncDispose]()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The proxy answers before the servers behind it do: it is ready when the bucket is there. */
  async #ready(): Promise<void> {
    let reason: unknown;
    for (const until = Date.now() + readyWithinMs; Date.now() < until; await sleep(100)) {
      const health = await wireRequest(`${this.endpoint}/healthcheck`).catch(() => undefined);
      if (health?.status !== 200) continue;
      try {
        await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
        return;
      } catch (error) {
        reason = error;
      }
    }
    throw new Error('Swift did not become ready', { cause: reason });
  }
}

/**
 * The ring of one device, which has every partition. `swift-ring-builder` makes the same in three starts.
 * @see swift 2.30 swift/common/ring/ring.py, RingData.serialize_v1
 */
function ringOf(port: number): Uint8Array {
  const at = { id: 0, region: 1, zone: 1, weight: 1, ip: '127.0.0.1', port, device: 'd', meta: '' };
  const partPower = 4;
  const ring = { devs: [at], part_shift: 32 - partPower, replica_count: 1, byteorder: 'little' };
  const json = Buffer.from(JSON.stringify(ring));
  const head = Buffer.from('R1NG\0\x01\0\0\0\0');
  head.writeUInt32BE(json.length, 6);
  const deviceOfEach = new Uint8Array(2 * 2 ** partPower);
  return gzipSync(Buffer.concat([head, json, deviceOfEach]));
}

const swiftConf = `[swift-hash]
swift_hash_path_prefix = of-a-test
swift_hash_path_suffix = of-a-test
[storage-policy:0]
name = one
default = yes
`;

/** Without workers each server is one process, which runs as whoever runs the test. */
function commonConf(folder: string, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
user = ${userName()}
workers = 0
swift_dir = ${folder}
devices = ${join(folder, 'devices')}
mount_check = false
disable_fallocate = true
`;
}

function storageConf(folder: string, name: string, port: number): string {
  return `${commonConf(folder, port)}
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
`;
}

function proxyConf(folder: string, port: number): string {
  const filters = ['catch_errors', 'gatekeeper', 'healthcheck', 'cache', 'listing_formats', 'bulk'];
  filters.push('s3api', 'tempauth', 'copy', 'slo', 'dlo', 'versioned_writes');
  const settings: Readonly<Record<string, string>> = {
    // There is no memcached: every request asks anew.
    cache: 'memcache_servers = 127.0.0.1:1',
    s3api: 'location = us-east-1',
    tempauth: `user_${s3Credentials.accessKeyId.replace(':', '_')} = ${s3Credentials.secretAccessKey} .admin`,
  };
  const sections = filters.map((name) => {
    const egg = name === 'cache' ? 'memcache' : name;
    return `[filter:${name}]\nuse = egg:swift#${egg}\n${settings[name] ?? ''}\n`;
  });
  return `${commonConf(folder, port)}
[pipeline:main]
pipeline = ${filters.join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_limit = 1000
${sections.join('')}`;
}

function userName(): string {
  const uid = String(process.getuid?.());
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.split(':')[2] === uid);
  return line?.split(':')[0] ?? 'root';
}
