/** The store as the ingester and the API see it. Every implementation is held to test/conformance.ts. */
import type {
  CgroupMetric,
  Dimension,
  GapReason,
  NodeBatch,
  NodeMetric,
  Owner,
  WindowBatch,
} from '@dentryscope/contracts';

/**
 * Who a container (or, with an empty containerId, a pod) is. Names are written beside the windows and joined when
 * asked, so that a name that comes late repairs what was stored before, and a replay can't make a second series.
 */
export interface ContainerName {
  readonly podUid: string;
  /** Without the runtime's scheme; '' for the pod itself. */
  readonly containerId: string;
  readonly namespace: string;
  readonly pod: string;
  /** '' for the pod itself. */
  readonly container: string;
  /** Kind/name of the topmost known owner, e.g. Deployment/web; Pod/name where there is none. */
  readonly workload: string;
}

export interface Writer {
  /**
   * Resolves when all of it is durable. The same windows again change nothing: the key of a figure is
   * (cluster, node, boot, cgroup, window start). A key that comes with another value is a broken sender: which of
   * the two is kept is not said. What was told of a cgroup while it lived outranks what is told when it is removed.
   * @throws StoreError; embedded: nothing of it is stored then; influx: some may be, and the same call again is right
   */
  write(batches: readonly WindowBatch[]): Promise<void>;
  /**
   * Later names of the same container replace earlier ones. A container's name also names its pod, and so the pod's
   * cgroups that are none of its containers.
   * @throws StoreError
   */
  writeNames(names: readonly ContainerName[]): Promise<void>;
  close(): Promise<void>;
}

/** Half open: a window belongs to it when fromMs <= windowStartMs < toMs (Unix milliseconds). */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** `cgroup` is an id in decimal, or a path when it starts with `/`. */
export type OwnerFilter = Partial<
  Record<'cluster' | 'node' | 'namespace' | 'workload' | 'pod' | 'container' | 'cgroup', string>
>;

export interface Cap {
  /** Aborted: the query ends and rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface TopRequest extends TimeRange {
  readonly metric: CgroupMetric | NodeMetric;
  readonly by: Dimension;
  readonly filter: OwnerFilter;
  readonly limit: number;
}

/** Over time as in SeriesStep, the whole range being one step. */
export interface TopResult {
  /** Over all owners; absent when none has the figure. */
  readonly total?: bigint;
  /** Largest first, ties by the owner's names; at most `limit`. Owners without the figure are not in it. */
  readonly rows: readonly { readonly owner: Owner; readonly value: bigint }[];
  /** The range that is answered, where some of the one asked for is kept by whole hours only, or is not kept. */
  readonly widened?: TimeRange;
}

export interface SeriesRequest extends TimeRange {
  readonly metric: CgroupMetric | NodeMetric;
  readonly filter: OwnerFilter;
  readonly stepMs: number;
}

/**
 * Steps start at fromMs. A counter is summed over the windows that start in the step; of a gauge the last value of
 * each node, or of each cgroup, in the step counts, combined over them (see Combine). What the cgroups of a boot held is
 * gone when their node has booted again. Steps in which no window has the figure are left out.
 */
export interface SeriesStep {
  readonly startMs: number;
  readonly value: bigint;
}

export interface SeriesResult {
  readonly steps: readonly SeriesStep[];
  /** What is answered, where some of the range asked for is kept by whole hours only (so are all steps then), or is not kept. */
  readonly widened?: TimeRange & { readonly stepMs: number };
}

/** The newest window of a node (by seq within the boot that was seen last), without what it says of cgroups and without events. */
export interface NodeRecord {
  readonly newest: NodeBatch;
  /**
   * dentries a second from the end of the oldest window that can tell, of those of the same boot that start at most
   * `growthOverMs` before the newest, to the end of the newest. undefined where either is missing.
   */
  readonly growthPerSecond: number | undefined;
}

export interface NodesRequest {
  readonly cluster?: string;
  readonly node?: string;
  /** Nodes without a window that starts then or later are left out. */
  readonly sinceMs: number;
  readonly growthOverMs: number;
}

export interface GapsRequest extends TimeRange {
  readonly filter: Pick<OwnerFilter, 'cluster' | 'node'>;
  readonly limit: number;
}

/** From the end of a window to the start of the next one of its node, Unix milliseconds. */
export interface Gap {
  readonly cluster: string;
  readonly node: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: GapReason;
  /** Windows that were made there and are not here: lost, or still on their way. undefined: nobody can say. */
  readonly windows?: number;
}

/** Requests that make no sense (a node's figure by pod, a limit of 0) are a RangeError; all else is a StoreError. */
export interface Reader {
  top(request: TopRequest, cap: Cap): Promise<TopResult>;
  series(request: SeriesRequest, cap: Cap): Promise<SeriesResult>;
  /** Ordered by cluster and node. */
  nodes(request: NodesRequest, cap: Cap): Promise<readonly NodeRecord[]>;
  /**
   * Gaps that have a part in the range, by time; at most `limit`. Both windows beside them have to be here, at most a day
   * outside the range: that a node is silent now is told by `nodes`. A window that comes late closes its gap.
   * null: not known, since windows of the range may have left the store.
   */
  gaps(request: GapsRequest, cap: Cap): Promise<readonly Gap[] | null>;
  /** Answers, or throws a StoreError that says what is wrong. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** How a store that is shared stands. */
export interface Census {
  readonly bucket: string;
  /** Distinct series (measurement and tags) in the bucket, whatever their age. @throws StoreError */
  series(): Promise<number>;
  /** What the bucket keeps, in milliseconds; 0: all; undefined: that can't be known. @throws StoreError */
  retentionMs(): Promise<number | undefined>;
  /** Windows older than that are left out, in milliseconds; undefined: none are, but what InfluxDB refuses. */
  readonly lateMs: number | undefined;
  /** Before it, windows are rolled up by the hour, in Unix milliseconds; undefined: none are. @throws StoreError */
  rolledUntilMs(): Promise<number | undefined>;
  /**
   * The listener is told of points (one a cgroup and window, one a node and window) that came later than the bucket keeps
   * them, or after their hour may have been rolled up: they are left out. Again for those that come again.
   */
  onExpired(listener: ExpiredListener): void;
}

/** @param why in the store's own words */
export type ExpiredListener = (points: number, why: string) => void;

/** What of a window the store will never take as it stands. */
export interface Refused {
  /** Which of the batches of the call. */
  readonly batch: number;
  /**
   * That window with the refused rows of cgroups only; all else of it may be written again, and changes nothing. The
   * batch of the call itself where all its rows are refused.
   */
  readonly rest: WindowBatch;
  /** In the store's own words, with the number of rows. */
  readonly reason: string;
}

export interface StoreErrorOptions extends ErrorOptions {
  /** Milliseconds in which the store does not want to be asked again, by its own word. */
  readonly retryAfterMs?: number | undefined;
  /** Of a write. All that is not in it is durable. Without it nothing is said of any batch of the call. */
  readonly refused?: readonly Refused[] | undefined;
}

/**
 * `retryable`: the same call may succeed later (not reachable, 429, 5xx; a token, organization or bucket that its
 * operator can mend). Otherwise it never will as it stands: the data itself is refused.
 */
export class StoreError extends Error {
  readonly retryAfterMs: number | undefined;
  readonly refused: readonly Refused[] | undefined;

  constructor(
    message: string,
    readonly retryable: boolean,
    options: StoreErrorOptions = {},
  ) {
    super(message, options);
    this.name = 'StoreError';
    this.retryAfterMs = options.retryAfterMs;
    this.refused = options.refused;
  }
}
