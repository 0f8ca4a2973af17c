import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of the data folder of another registry. */
export const registryFolderErrors = {
  REGISTRY_FOLDER_UNKNOWN: {
    message:
      '{path} holds no docker/registry/v2/repositories; name the rootdirectory of docker-registry',
  },
} satisfies Record<string, ErrorSpec>;

export const registryFolderError = errorFactory(registryFolderErrors);
