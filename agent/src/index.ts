export { Agent } from './agent.js';
export type { AgentOptions } from './agent.js';
export { Exposition } from './exposition.js';
export type { PodLabels } from './exposition.js';
export { openKernel } from './kernel.js';
export { readNode } from './collectors/node.js';
export { Sender } from './sender.js';
export { openSpool } from './spool.js';
