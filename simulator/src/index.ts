export { OptionError, backfilledStart, createFleet } from './fleet.js';
export type { Fleet, StartOptions } from './fleet.js';
export type { FleetOptions, NodePlan } from './plan.js';
export type { ContainerName } from './names.js';
export type { Truth, TruthRow, WindowRange } from './truth.js';
export { Planted } from './planted.js';
export { runSimulation } from './run.js';
export type { SimulationLogger, SimulationOptions } from './run.js';
