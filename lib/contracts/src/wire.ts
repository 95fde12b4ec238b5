/** The wire: encode, decode and canonical JSON of the messages in `proto/`. */
import { create, fromJson, isMessage, toBinary, toJson } from '@bufbuild/protobuf';
import type { JsonValue, MessageInitShape } from '@bufbuild/protobuf';
import type { WindowBatch } from './decode.js';
import { CgroupColumnsSchema, NodeBatchSchema } from './gen/dentryscope/v1/wire_pb.js';
import type { NodeBatch } from './gen/dentryscope/v1/wire_pb.js';

export { bytesWithout, decodeBatch, decodeWindow } from './decode.js';
export type { Columns, WindowBatch } from './decode.js';
export { LARGEST_DELTA } from './limits.js';
export { WindowMemory } from './window-memory.js';
export type {
  AgentHealth,
  CgroupColumns,
  CgroupInfo,
  HookStatus,
  LiveAges,
  NodeBatch,
  NodeState,
  ReclaimEvent,
  RunQueueColumns,
  ShrinkerDelta,
  SlabCache,
  StallEvent,
} from './gen/dentryscope/v1/wire_pb.js';
export { NodeBatchSchema } from './gen/dentryscope/v1/wire_pb.js';

export const topics = {
  deltas: 'dentryscope.deltas.v1',
  deadLetter: 'dentryscope.deadletter.v1',
} as const;

export type NodeBatchInit = MessageInitShape<typeof NodeBatchSchema>;

export function createBatch(init: NodeBatchInit): NodeBatch {
  return create(NodeBatchSchema, init);
}

export function encodeBatch(batch: WindowBatch): Uint8Array {
  return toBinary(NodeBatchSchema, nodeBatchOf(batch));
}

/** The same window with its columns as the lists of a message. */
export function nodeBatchOf({ cgroups, ...rest }: WindowBatch): NodeBatch {
  if (!cgroups) return rest;
  if (isMessage(cgroups, CgroupColumnsSchema)) return { ...rest, cgroups };
  const lists = Object.entries(cgroups).map(([name, values]) => [name, Array.from(values)]);
  return { ...rest, cgroups: create(CgroupColumnsSchema, Object.fromEntries(lists)) };
}

/** Protobuf's canonical JSON on one line: lowerCamelCase names, 64-bit values as strings, defaults left out. */
export function batchToJson(batch: NodeBatch): string {
  return JSON.stringify(toJson(NodeBatchSchema, batch));
}

/** @throws Error that names the field, on an unknown one too. */
export function batchFromJson(line: string): NodeBatch {
  return fromJson(NodeBatchSchema, JSON.parse(line) as JsonValue);
}

/** The key of a batch on the transport: one node's windows stay in order. */
export function batchKey(batch: Pick<NodeBatch, 'cluster' | 'node'>): string {
  return `${batch.cluster}/${batch.node}`;
}
