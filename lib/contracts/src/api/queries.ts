import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Count, Filters, Maybe, Owner, Range, Time, dimensions } from './common.js';

const closed = { additionalProperties: false } as const;
const Metric = Type.String({ description: 'Name of a metric; /v1/metrics lists them' });

export const TopQuery = Type.Object(
  {
    metric: Metric,
    by: Type.Optional(
      Type.Enum(dimensions, {
        description: 'Whose sums; default: cgroup, or node for a metric of a node (which has no finer)',
      }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 10 }),
    ...Range,
    ...Filters,
  },
  closed,
);
export type TopQuery = Static<typeof TopQuery>;

/** Of the embedded store see docs/decisions/0013. */
const Answered = Type.String({
  ...Time,
  description:
    'As answered: to the whole hour, wider than asked, where figures are kept by the hour only (past DENTRYSCOPE_RETENTION); later than asked, where InfluxDB has no such hours: of pods, containers, cgroups and gauges of cgroups',
});

export const TopAnswer = Type.Object({
  metric: Type.String(),
  unit: Type.String(),
  by: Type.String(),
  from: Answered,
  to: Answered,
  total: Maybe('Over all owners, those past the limit too; absent: no window of the range has the figure'),
  items: Type.Array(Type.Object({ ...Owner.properties, value: Count('In the unit of the metric') })),
});
export type TopAnswer = Static<typeof TopAnswer>;

export const SeriesQuery = Type.Object(
  {
    metric: Metric,
    step: Type.Optional(
      Type.String({ description: 'Length of a step, e.g. 1m; default: range / 300, at least 10s' }),
    ),
    format: Type.Enum(['json', 'csv'], { default: 'json' }),
    ...Range,
    ...Filters,
  },
  closed,
);
export type SeriesQuery = Static<typeof SeriesQuery>;

export const SeriesPoint = Type.Object({
  time: Time,
  value: Type.Union([Count('In the unit of the metric'), Type.Null()], {
    description: 'null: no window that has the figure starts in this step',
  }),
});
/** Why there is nothing between two windows of a node. */
export const gapReasons = ['agent_away', 'windows_missing', 'rebooted', 'spool_replaced'] as const;
export type GapReason = (typeof gapReasons)[number];

export const Gap = Type.Object({
  cluster: Type.String(),
  node: Type.String(),
  from: Time,
  to: Time,
  reason: Type.Enum(gapReasons, {
    description:
      'agent_away: no window was made; windows_missing: some were, and are lost or still on their way; rebooted: the ' +
      'node was; spool_replaced: the data directory of the agent was emptied, and what it held is not known',
  }),
  windows: Type.Optional(Count('Windows made there that are not here; absent where nobody can say')),
});
export type Gap = Static<typeof Gap>;

export const SeriesAnswer = Type.Object({
  metric: Type.String(),
  unit: Type.String(),
  from: Answered,
  to: Answered,
  stepMs: Type.Integer({ description: 'Whole hours where the range begins with rolled up ones' }),
  points: Type.Array(SeriesPoint),
  gaps: Type.Union([Type.Array(Gap), Type.Null()], {
    description:
      'Where nodes that the filter leaves have no windows, by time, at most 1000: sums over them are too low. Only gaps ' +
      'between two windows; that a node is silent since is told by /v1/nodes. null: not known, since looking for them ' +
      'takes longer than half of the time cap (a shorter range or a narrower filter tells), or since windows of the range are gone',
  }),
});
export type SeriesAnswer = Static<typeof SeriesAnswer>;

export const MetricsAnswer = Type.Object({
  metrics: Type.Array(
    Type.Object({
      name: Type.String(),
      level: Type.Enum(['cgroup', 'node']),
      kind: Type.Enum(['counter', 'gauge'], {
        description: 'Over time: a counter adds up, of a gauge the last value counts',
      }),
      combine: Type.Enum(['sum', 'root_sum_square'], {
        description:
          'Over cgroups and nodes: standard errors combine as the root of the sum of their squares',
      }),
      unit: Type.String(),
      help: Type.String(),
    }),
  ),
});
export type MetricsAnswer = Static<typeof MetricsAnswer>;
