import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Count, Maybe, Owner, Time } from './common.js';

const closed = { additionalProperties: false } as const;

export const Hook = Type.Object({
  hook: Type.String(),
  backend: Type.Optional(
    Type.String({ description: 'fentry, kprobe or tracepoint; absent: nothing attached' }),
  ),
  reason: Type.Optional(Type.String({ description: 'Why no better backend attached' })),
  includesPseudo: Type.Boolean({ description: 'Pipes and sockets are counted with the names' }),
  perCgroup: Type.Boolean(),
  missed: Count('Events the kernel did not hand over'),
});

export const Node = Type.Object({
  cluster: Type.String(),
  node: Type.String(),
  bootId: Type.String(),
  seq: Count('Number of its newest window: counts by one in a boot, from any number on'),
  lastSeen: Type.String({ format: 'date-time', description: 'End of its newest window' }),
  reporting: Type.Boolean({
    description:
      'Its newest window ended within three of its windows, and 10 s for the way here, and not after now by more than that',
  }),
  windowMs: Type.Integer(),
  agentVersion: Type.Optional(Type.String()),
  kernelRelease: Type.Optional(Type.String()),
  dentries: Maybe('dentry-state, field 1'),
  dentriesUnused: Maybe('dentry-state, field 2'),
  dentriesNegative: Maybe('dentry-state, field 5; absent before Linux 5.0'),
  dentryGrowthPerSecond: Type.Optional(
    Type.Number({ description: 'Over the last 5 minutes; absent with fewer than two windows' }),
  ),
  memTotalBytes: Maybe('MemTotal'),
  memAvailableBytes: Maybe('MemAvailable'),
  slabReclaimableBytes: Maybe('SReclaimable'),
  hooks: Type.Array(Hook),
  windowsLost: Count('Windows this boot that could not be kept'),
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
export const NodesAnswer = Type.Object({
  total: Type.Integer({ description: 'Nodes heard of in the last 24 h; those past the limit too' }),
  nodes: Type.Array(Node, { description: 'By cluster and name' }),
});
export type NodesAnswer = Static<typeof NodesAnswer>;

export const NodeParams = Type.Object({ node: Type.String({ minLength: 1 }) }, closed);
export const NodeQuery = Type.Object({ cluster: Type.Optional(Type.String({ minLength: 1 })) }, closed);
export const NodeAnswer = Type.Object({
  ...Node.properties,
  slabCaches: Type.Array(
    Type.Object({
      name: Type.String(),
      activeObjects: Count('slabinfo'),
      totalObjects: Count('slabinfo'),
      objectBytes: Count('slabinfo'),
    }),
  ),
  top: Type.Array(Type.Object({ ...Owner.properties, value: Count('Dentries') }), {
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
    total: Maybe('Sum over the reporting nodes'),
    unused: Maybe('Sum over the reporting nodes'),
    negative: Maybe('Sum over the reporting nodes that can tell'),
    growthPerSecond: Type.Optional(
      Type.Number({ description: 'Sum over the reporting nodes with two windows or more in 5 minutes' }),
    ),
  }),
  worst: Type.Array(Node, { description: 'Nodes with the most dentries' }),
  missing: Type.Array(Type.String({ description: 'What this answer lacks, and why' })),
});
export type FleetAnswer = Static<typeof FleetAnswer>;
