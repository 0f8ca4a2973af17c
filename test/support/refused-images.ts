/** Images that a review refuses, and what it needs to know: nothing but an image and an advisory. */
import { generateKeyPairSync } from 'node:crypto';
import { type ImagePlan, wellKept } from './docker-images.ts';

/** Says that a version of openssl in Debian 12 is vulnerable. */
export const advisory = {
  schema_version: '1.6.0',
  id: 'CVE-2099-0001',
  modified: '2026-01-01T00:00:00Z',
  summary: 'anybody may run anything',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.17-1~deb12u2' }] }],
    },
  ],
};
const dpkgStatus = `Package: libssl3
Status: install ok installed
Priority: optional
Section: libs
Architecture: amd64
Source: openssl
Version: 3.0.15-1~deb12u1
Description: a library

`;
const debian = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n';
const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
/** A line of the secret, which nobody may repeat. */
export const keyLine = String(privateKey).split('\n')[1] ?? '';

/** Each for one reason. */
export const refusedImages: readonly (ImagePlan & {
  name: string;
  title: string;
  finding: RegExp;
  code: string;
})[] = [
  {
    name: 'vulnerable',
    title: 'a package with a known vulnerability',
    files: { status: dpkgStatus, 'os-release': debian },
    dockerfile: [
      'COPY os-release /etc/os-release',
      'COPY status /var/lib/dpkg/status',
      ...wellKept,
    ],
    finding: /CVE-2099-0001/,
    code: 'REVIEW_VULNERABLE',
  },
  {
    name: 'leaky',
    title: 'a secret in a layer, though a later layer hides it',
    files: { key: String(privateKey), empty: '' },
    dockerfile: ['COPY key /etc/app/server.key', 'COPY empty /etc/app/server.key', ...wellKept],
    finding: /SECRET_IN_LAYER/,
    code: 'REVIEW_SECRET',
  },
];
