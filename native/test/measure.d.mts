import type { CgroupEvent, Drained, HookReport, OpenOptions } from '@dentryscope/native';

export interface TestCgroup {
  path: string;
  id: bigint;
  procs: string;
  remove(): Promise<void>;
}

export interface Work {
  op: string;
  n: number;
  dir: string;
}

export interface Counts {
  allocated: bigint | null;
  freed: bigint | null;
}

export interface Run {
  name: string;
  roots: string[];
  work: Work[];
  limitBytes?: number;
}

export interface Measured {
  runs: { name: string; counts: Counts[]; failed: number }[];
  unexplained: bigint | null;
  hooks: HookReport[];
  events: CgroupEvent[];
}

export function makeCgroup(root: string): TestCgroup;
export function work(binary: string, work: Work, cgroups: TestCgroup[]): Promise<number>;
export function countsOf(drained: Drained, id: bigint): Counts;
export function measure(config: { workload: string; open?: OpenOptions; runs: Run[] }): Promise<Measured>;
