export * from './load-settings.js';
export * from './parse-setting.js';
export * from './parse-time.js';
export * from './help.js';
export * from './logger.js';
export * from './listen.js';
export * from './probes.js';
export * from './shutdown.js';
export { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
