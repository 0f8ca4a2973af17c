/**
 * Taking repositories over from another Notary server, its database or a trust folder: what
 * verifies, what becomes of it here, what people must do. Pure, but for the ports; it knows
 * neither dumps nor databases nor HTTP, and never makes or changes a file.
 */
export { importError } from './errors.ts';
export { type ImportWatch, importRepositories } from './import-repositories.ts';
export { missingFiles } from './missing-files.ts';
export type { RepositoryPlan } from './plan.ts';
export type {
  ImportFile,
  ImportSource,
  ImportTarget,
  SourceFile,
  SourceKey,
  SourceRepository,
  StoredRepository,
} from './ports.ts';
export { verifyRepository } from './verify-repository.ts';
