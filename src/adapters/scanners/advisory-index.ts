import { createHash } from 'node:crypto';
import type { Advisories, AdvisoryMatch, AdvisoryWarning } from '../../chain/review/index.ts';
import { type Advisory, printable, versionOrderOf } from '../../findings/index.ts';
import type { ReadAdvisory } from './advisory-files.ts';

/**
 * Advisories by ecosystem and package. Of two with one id the later modified counts, those that
 * were withdrawn do not, and packages of ecosystems that the store cannot read are left out.
 *
 * @param read  by path
 */
export function indexAdvisories(
  read: ReadonlyMap<string, ReadAdvisory>,
  others: readonly AdvisoryWarning[],
): Advisories {
  const byId = new Map<string, Advisory>();
  const warnings = [...others];
  const revision = createHash('sha256');
  for (const [path, { digest, advisory, reason }] of read) {
    revision.update(`${path}\n${digest ?? ''}\n`);
    if (reason !== undefined) warnings.push({ file: printable(path), reason });
    if (!advisory) continue;
    const known = byId.get(advisory.id);
    if (!known || known.modified <= advisory.modified) byId.set(advisory.id, advisory);
  }
  const matches = new Map<string, AdvisoryMatch[]>();
  const ecosystems = new Set<string>();
  for (const advisory of byId.values()) {
    if (advisory.withdrawn) continue;
    for (const affected of advisory.affected) {
      if (!versionOrderOf(affected.ecosystem)) continue;
      ecosystems.add(affected.ecosystem);
      const key = keyOf(affected.ecosystem, affected.name);
      const list = matches.get(key) ?? [];
      list.push({ advisory, affected });
      matches.set(key, list);
    }
  }
  return {
    revision: revision.digest('hex'),
    count: byId.size,
    warnings,
    about: (ecosystem, name) => matches.get(keyOf(ecosystem, name)) ?? [],
    has: (ecosystem) => ecosystems.has(ecosystem),
  };
}

function keyOf(ecosystem: string, name: string): string {
  return `${ecosystem}\n${name}`;
}
