import type { Changelist, ListedChange, RoleChange } from '../../src/client/index.ts';
import type { Gun } from '../../src/tuf/index.ts';

/** The staged changes of one repository, in memory. */
export class MemoryChangelist implements Changelist {
  /** A test may change it. */
  waiting: ListedChange[] = [];

  async list(): Promise<readonly ListedChange[]> {
    return [...this.waiting];
  }

  async append(_gun: Gun, changes: readonly RoleChange[]): Promise<void> {
    for (const change of changes) this.waiting.push({ file: `${this.waiting.length}`, change });
  }

  async remove(_gun: Gun, files: readonly string[]): Promise<void> {
    this.waiting = this.waiting.filter(({ file }) => !files.includes(file));
  }
}
