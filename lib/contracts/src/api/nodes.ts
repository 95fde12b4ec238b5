import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Owner, Time } from './common.js';

const closed = { additionalProperties: false } as const;
const Count = (description: string) => Type.Optional(Type.Integer({ description }));

export const Hook = Type.Object({
  hook: Type.String(),
  backend: Type.Optional(
    Type.String({ description: 'fentry, kprobe or tracepoint; absent: nothing attached' }),
  ),
  reason: Type.Optional(Type.String({ description: 'Why no better backend attached' })),
  includesPseudo: Type.Boolean({ description: 'Pipes and sockets are counted with the names' }),
  perCgroup: Type.Boolean(),
  missed: Type.Integer({ description: 'Events the kernel did not hand over' }),
});

export const Node = Type.Object({
  cluster: Type.String(),
  node: Type.String(),
  bootId: Type.String(),
  seq: Type.Integer(),
  lastSeen: Time,
  reporting: Type.Boolean({ description: 'A window ended within the last three windows of this node' }),
  windowMs: Type.Integer(),
  agentVersion: Type.Optional(Type.String()),
  kernelRelease: Type.Optional(Type.String()),
  dentries: Count('dentry-state, field 1'),
  dentriesUnused: Count('dentry-state, field 2'),
  dentriesNegative: Count('dentry-state, field 5; absent before Linux 5.0'),
  dentryGrowthPerSecond: Type.Optional(Type.Number({ description: 'Over the last windows in range' })),
  memTotalBytes: Count('MemTotal'),
  memAvailableBytes: Count('MemAvailable'),
  slabReclaimableBytes: Count('SReclaimable'),
  hooks: Type.Array(Hook),
  windowsLost: Type.Integer({ description: 'Windows this boot that could not be kept' }),
  degraded: Type.Array(Type.String({ description: 'What the agent cannot do there, and why' })),
});
export type Node = Static<typeof Node>;

export const NodesQuery = Type.Object(
  {
    cluster: Type.Optional(Type.String({ minLength: 1 })),
    limit: Type.Integer({ minimum: 1, maximum: 10000, default: 1000 }),
  },
  closed,
);
export type NodesQuery = Static<typeof NodesQuery>;
export const NodesAnswer = Type.Object({ nodes: Type.Array(Node) });
export type NodesAnswer = Static<typeof NodesAnswer>;

export const NodeParams = Type.Object({ node: Type.String({ minLength: 1 }) }, closed);
export const NodeQuery = Type.Object({ cluster: Type.Optional(Type.String({ minLength: 1 })) }, closed);
export const NodeAnswer = Type.Object({
  ...Node.properties,
  slabCaches: Type.Array(
    Type.Object({
      name: Type.String(),
      activeObjects: Type.Integer(),
      totalObjects: Type.Integer(),
      objectBytes: Type.Integer(),
    }),
  ),
  top: Type.Array(Type.Object({ ...Owner.properties, value: Type.Integer() }), {
    description: 'Cgroups by dentries_allocated over the last 15 minutes',
  }),
});
export type NodeAnswer = Static<typeof NodeAnswer>;

export const FleetQuery = Type.Object({ cluster: Type.Optional(Type.String({ minLength: 1 })) }, closed);
export const FleetAnswer = Type.Object({
  time: Time,
  nodes: Type.Object({
    total: Type.Integer(),
    reporting: Type.Integer(),
    silent: Type.Integer(),
    degraded: Type.Integer(),
  }),
  dentries: Type.Object({
    total: Count('Sum over the reporting nodes'),
    unused: Count('Sum over the reporting nodes'),
    negative: Count('Sum over the reporting nodes that can tell'),
    growthPerSecond: Type.Optional(Type.Number()),
  }),
  worst: Type.Array(Node, { description: 'Nodes with the most dentries' }),
  missing: Type.Array(Type.String({ description: 'What this answer lacks, and why' })),
});
export type FleetAnswer = Static<typeof FleetAnswer>;
