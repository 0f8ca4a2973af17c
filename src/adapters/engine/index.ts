/**
 * A docker engine, asked over its own API for the little that a pull with content trust needs. It is found as
 * docker's command line finds it, and only where that is plain to see; whoever asks here has that command line
 * for everything else. Which digest to ask for is decided in `cli` and `client`.
 */
export { type EngineAddress, type EngineQuestion, findEngine } from './engine-address.ts';
export { type BegunPull, Engine, type LocalImage } from './engine-api.ts';
export { engineErrors } from './errors.ts';
