/**
 * The data folder of docker-registry (CNCF Distribution, filesystem driver), read where it lies. It
 * knows how that program lays out its files, and refuses to know what is in them.
 */
export { RegistryFolder } from './registry-folder.ts';
