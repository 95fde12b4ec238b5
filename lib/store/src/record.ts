/** What both stores keep of a batch beside its cgroup figures. */
import { NodeBatchSchema, bytesWithout, decodeBatch, encodeBatch, nodeMetrics } from '@dentryscope/contracts';
import type { CgroupMetric, NodeBatch, NodeMetric, WindowBatch } from '@dentryscope/contracts';
import { StoreError } from './types.js';

/** Both stores sum 64-bit integers with a sign. */
const LARGEST = (1n << 63n) - 1n;

/**
 * The bytes that NodeRecord.newest comes back from: how the node stands. Not the figures and names, which have their own
 * place, and not events and histograms of cgroups, which can be more than a field of InfluxDB takes (1 MiB).
 */
export function encodeRecord(batch: WindowBatch): Uint8Array {
  return bytesWithout(batch, LEFT_OUT) ?? encodedRecord(batch);
}

const { cgroups, liveAges, runQueue, cgroupInfos, reclaims, stalls } = NodeBatchSchema.field;
const LEFT_OUT = new Set(
  [cgroups, liveAges, runQueue, cgroupInfos, reclaims, stalls].map(({ number }) => number),
);

function encodedRecord(batch: WindowBatch): Uint8Array {
  const { cgroups: _, liveAges: _ages, runQueue: _waits, ...rest } = batch;
  return encodeBatch({ ...rest, cgroupInfos: [], reclaims: [], stalls: [] });
}

export function decodeRecord(bytes: Uint8Array): NodeBatch {
  return decodeBatch(bytes);
}

/** Whether the window has the figure of its cgroups: one that its node cannot see has no values. */
export const sees = ({ cgroups }: Pick<WindowBatch, 'cgroups'>, { column }: CgroupMetric): boolean =>
  cgroups !== undefined && cgroups[column].length > 0;

/** @throws StoreError, not retryable, when the figure does not fit. */
export function nodeFigure(
  batch: Pick<NodeBatch, 'state' | 'windowStartMs' | 'node'>,
  metric: NodeMetric,
): bigint | undefined {
  const value = batch.state?.[metric.field];
  if (value === undefined) return undefined;
  return storable(BigInt(value), `state.${metric.field}`, batch);
}

/** @throws StoreError, not retryable, for a value from 2^63 on. */
export function storable(
  value: bigint,
  field: string,
  batch: Pick<NodeBatch, 'windowStartMs' | 'node'>,
): bigint {
  if (value <= LARGEST) return value;
  throw new StoreError(
    `${field} of window ${batch.windowStartMs} of node ${batch.node} is ${value}: the store holds integers below 2^63`,
    false,
  );
}

/** The gauge that a node's growth is told from. */
export const dentriesMetric = nodeMetrics.find((metric) => metric.field === 'nrDentry')!;

/** A node's dentries at the end of a window. */
export interface Level {
  readonly value: bigint;
  readonly endMs: bigint;
}

/**
 * dentries a second from an older level to the newest window's; undefined where that has none, no time lies between, or the
 * node's clock was set: windows of 1 ms that took ten seconds would make it ten thousand times as much.
 */
export function growth(from: Level | undefined, newest: NodeBatch): number | undefined {
  const value = newest.state?.nrDentry;
  if (!from || value === undefined || clockWasSet(newest)) return undefined;
  const ms = Number(newest.windowEndMs - from.endMs);
  return ms > 0 ? (Number(value - from.value) * 1000) / ms : undefined;
}

/** Its wall clock went by less than half or more than twice the window's true length, which some senders do not tell. */
function clockWasSet({ windowStartMs, windowEndMs, windowDurationNs }: NodeBatch): boolean {
  const [wallMs, trueMs] = [Number(windowEndMs - windowStartMs), Number(windowDurationNs) / 1e6];
  return trueMs > 0 && (wallMs < trueMs / 2 || wallMs > 2 * trueMs);
}
