export { parseCgroupPath } from './path.js';
export type { CgroupOwner } from './path.js';
export type { Hierarchies, V1Hierarchy } from './hierarchies.js';
export { CgroupTree, cgroupId } from './tree.js';
export type { CgroupEvent, CgroupRecord, CgroupTreeOptions } from './tree.js';
