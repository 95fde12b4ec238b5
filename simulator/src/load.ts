/** How much a container does in a window, and how many dentries it holds at its end. */
import { between, random } from './random.js';
import type { Load, Wave } from './workloads.js';

const DAY_S = 86_400;
const WARM_UP_S = 60;

/** Where and when: `seed` tells containers apart, `window` is the number of the window. */
export interface Moment {
  readonly seed: number;
  readonly window: number;
  /** Unix seconds at the window's end. */
  readonly timeS: number;
  readonly windowS: number;
  /** Seconds since the container started, at the window's end. */
  readonly ageS: number;
}

const sine = (timeS: number, periodS: number, phase: number): number =>
  Math.sin(2 * Math.PI * (timeS / periodS + phase));

const waves: Readonly<Record<Wave, (timeS: number, phase: number) => number>> = {
  // Nodes of one region share the day, and differ in the minutes.
  day: (timeS, phase) =>
    (1 + 0.5 * sine(timeS, DAY_S, -0.33)) * (1 + 0.35 * sine(timeS, 420 + 300 * phase, phase)),
  bursts: (timeS, phase) => ((timeS / (180 + 240 * phase) + phase) % 1 < 0.35 ? 2.4 : 0.25),
  flat: (timeS, phase) => 1 + 0.1 * sine(timeS, 900, phase),
};

/** About 1 in the mean, never negative. */
export function wave(load: Load, { seed, timeS }: Moment): number {
  return waves[load.wave](timeS, random(seed, 1));
}

/** Dentries made and freed again in this window. */
export function churn(load: Load, moment: Moment): number {
  const { seed, window, windowS } = moment;
  const mean = load.churnPerSecond * windowS * wave(load, moment) * between(0.7, 1.3, seed, window, 2);
  // A rate below one a window is sometimes one, not always none.
  return Math.floor(mean + random(seed, window, 3));
}

/** Dentries held at the window's end. A growing container starts anew where its memory limit took all back. */
export function held(load: Load, moment: Moment): number {
  const { seed, window, ageS } = moment;
  const warm = Math.min(1, ageS / WARM_UP_S);
  const breathing = 0.8 + 0.2 * wave(load, moment);
  const base = load.held * warm * breathing * between(0.998, 1.002, seed, window, 4);
  const grown = (load.growthPerSecond ?? 0) * ageS;
  return Math.floor(base + (load.reclaimAt ? grown % load.reclaimAt : grown));
}
