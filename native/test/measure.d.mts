import type { CgroupEvent, Counter, Drained, HookReport, OpenOptions } from '@dentryscope/native';

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
  /** What the files' names begin with, where another process is to find them; else nobody does. */
  names?: string;
  /** The one it is to run on; else any. */
  cpu?: number;
}

export type Counts = Record<Counter, bigint | null>;

/** What the workload tells of itself. */
export interface Told {
  failed: number;
  dentries: number;
  unused: number;
  negative: number;
  /** How often a task that another moved left its CPU meanwhile. */
  switches: number;
}

export interface Run {
  name: string;
  roots: string[];
  work: Work[];
  apart?: boolean;
  limitBytes?: number;
}

export interface Measured {
  /** Of the last attempt: of a task that was moved, the first at which it kept its CPU. */
  runs: { name: string; counts: Counts[]; failed: number; states: Told[]; attempts: number }[];
  unexplained: bigint | null;
  hooks: HookReport[];
  events: CgroupEvent[];
}

export function makeCgroup(root: string): TestCgroup;
export function work(binary: string, work: Work, cgroups: TestCgroup[]): Promise<Told>;
export function undisturbed<T>(
  attempt: () => Promise<T>,
  isDisturbed: (result: T) => boolean,
  most?: number,
): Promise<{ result: T; attempts: number }>;
export function countsOf(drained: Drained, id: bigint): Counts;
export function measure(config: {
  workload: string;
  opens?: OpenOptions[];
  runs: Run[];
}): Promise<Measured[]>;
