import { readFileSync } from 'node:fs';

/** Resident memory of a process now, in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1_024;
}
