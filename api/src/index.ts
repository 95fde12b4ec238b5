export { buildApp } from './app.js';
export type { AppOptions } from './app.js';
export type { App, ReadinessPart } from './context.js';
export { startApi } from './start.js';
export type { RunningApi, StartOptions } from './start.js';
export { assertSafeListen } from './safe-listen.js';
export { TokenFile } from './token-file.js';
export { createToken } from './tokens.js';
export type { Scope, TokenHolder, TokenStore } from './tokens.js';
