/** Simulated fleets: a part of the settings in settings.ts. */
import { optional, setting } from './setting.js';
import type { Setting } from './setting.js';

export const simulationSettings = {
  simulateNodes: setting(
    'integer',
    'SIMULATE_NODES',
    '50',
    ['simulate', 'standalone'],
    'Simulated nodes; in standalone only with --simulate.',
    1,
  ),
  simulateCgroups: setting(
    'integer',
    'SIMULATE_CGROUPS',
    '40',
    ['simulate', 'standalone'],
    'Cgroups of a simulated node.',
    1,
  ),
  simulateSeed: setting(
    'integer',
    'SIMULATE_SEED',
    '1',
    ['simulate', 'standalone'],
    'Seed: the same fleet again.',
    0,
  ),
  simulateStart: optional(
    'integer',
    'SIMULATE_START',
    ['simulate'],
    'Unix milliseconds at which the first window starts; what is past is published at once. The same start, seed and size: the same fleet, byte for byte. Unset: now.',
    1,
  ),
  simulateWindows: optional(
    'integer',
    'SIMULATE_WINDOWS',
    ['simulate'],
    'Ends after so many windows; unset: when it is told to.',
    1,
  ),
  simulateClockSkew: setting(
    'duration',
    'SIMULATE_CLOCK_SKEW',
    '0s',
    ['simulate', 'standalone'],
    'The clock of every fourth node is wrong, by half of this to all of it, fast or slow.',
    0,
    86_400_000,
  ),
  truth: optional('path', 'TRUTH', ['simulate'], 'File that is told, as JSON, what was planted.'),
  simulate: setting(
    'boolean',
    'SIMULATE',
    'false',
    ['standalone'],
    'Run a simulated fleet beside the real node.',
  ),
} as const satisfies Record<string, Setting>;
