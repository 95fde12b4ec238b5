/** A fleet that has one of each kind of node, and its first windows. */
import { createFleet } from '@dentryscope/simulator';

export const WINDOWS = 100;
export const options = {
  nodes: 12,
  cgroupsPerNode: 20,
  seed: 7,
  cluster: 'sim',
  windowMs: 10_000,
  startMs: 1_780_000_000_000,
};
export const fleet = createFleet(options);
export const all = Array.from({ length: WINDOWS }, (_, k) => fleet.window(k));
