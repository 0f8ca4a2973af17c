import { changeContracts } from './registry-index-changes.ts';
import { linkContracts } from './registry-index-links.ts';
import { listContracts } from './registry-index-lists.ts';
import { pushContracts } from './registry-index-pushes.ts';
import { contractOf, type OpenRegistryIndex } from './registry-index-world.ts';

/** What every RegistryIndex must do. @param open  makes an empty one */
export function registryIndexContract(name: string, open: () => Promise<OpenRegistryIndex>): void {
  const contract = contractOf(name, open);
  linkContracts(contract);
  pushContracts(contract);
  listContracts(contract);
  changeContracts(contract);
}
