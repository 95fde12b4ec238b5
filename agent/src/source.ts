/** What the agent wants of the kernel side; `native` gives it, and without BPF nobody does. */

export interface HookReport {
  readonly hook: string;
  readonly backend: string | null;
  readonly tried: readonly { readonly backend: string; readonly error: string }[];
  readonly includesPseudo: boolean;
  readonly perCgroup: boolean;
  readonly missed: bigint;
}

/** Cumulative since attach, summed over CPUs. null: this backend cannot see it. */
export interface Drained {
  readonly ids: BigUint64Array;
  readonly dentriesAllocated: BigUint64Array | null;
  readonly dentriesFreed: BigUint64Array | null;
  readonly allocatedAll: bigint | null;
  readonly freedAll: bigint | null;
}

/** No backend sees anything. */
export const absent: Drained = {
  ids: new BigUint64Array(),
  dentriesAllocated: null,
  dentriesFreed: null,
  allocatedAll: null,
  freedAll: null,
};

export interface CgroupEvent {
  readonly kind: 'mkdir' | 'rmdir';
  readonly id: bigint;
  readonly path: string;
  readonly hierarchyId: number;
}

export interface KernelSource {
  hooks(): readonly HookReport[];
  drain(): Drained;
  forget(ids: readonly bigint[]): void;
  pollCgroupEvents(): readonly CgroupEvent[];
  /** Sentences: what else is not whole. */
  problems(): readonly string[];
  close(): void;
}
