export * from './common.js';
export * from './queries.js';
export * from './nodes.js';
export * from './probes.js';
