export * from './types.js';
export { openEmbeddedStore } from './embedded/open.js';
export type { EmbeddedOptions, EmbeddedStore } from './embedded/open.js';
