/**
 * What the review looks with: decompression of layers by node:zlib, and a folder of advisories. It
 * refuses to know what a finding is worth.
 */
export { AdvisoryFolder, noAdvisories } from './advisory-folder.ts';
export { layerOpener } from './layer-opener.ts';
