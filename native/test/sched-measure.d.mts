import type { JitterSample, SchedHookReport, SchedStall } from '@dentryscope/native';

export interface SchedCounts {
  runQueueWaits: bigint | null;
  runQueueLatencyNs: bigint | null;
  lockContentions: bigint | null;
  lockContentionNs: bigint | null;
  buckets: bigint[];
}

export interface SchedRun {
  /** One for each of two cgroups, or of one. */
  counts: SchedCounts[];
  /** What the program printed. */
  lines: string[];
  /** Of those cgroups. */
  stalls: SchedStall[];
  elapsedNs: bigint;
}

export function measureSched(config: {
  workload: string;
  root: string;
  open?: object;
  runs: object[];
}): Promise<{ hooks: SchedHookReport[]; runs: SchedRun[] }>;

export function measureJitter(config: {
  workload: string;
  cpu: number;
  ms: number;
  periodNs: bigint;
  stallNs: bigint;
}): Promise<JitterSample>;
