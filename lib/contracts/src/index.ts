export * from './wire.js';
export * from './halves.js';
export * from './metrics.js';
export * from './check.js';
export * from './errors.js';
export * from './events.js';
export * from './settings.js';
export * from './api/index.js';
