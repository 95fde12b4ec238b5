export * from './types.js';
export { openEmbeddedStore } from './open-embedded.js';
export type { EmbeddedOptions, EmbeddedStore } from './embedded/open.js';
export { exportParquet } from './embedded/export/export.js';
export type { ExportOptions, ExportedFile } from './embedded/export/export.js';
export { openInfluxStore } from './influx/open.js';
export type { InfluxOptions, InfluxStore } from './influx/open.js';
