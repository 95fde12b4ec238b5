import { Type } from 'typebox';
import type { Static } from 'typebox';
import { problems } from '../errors.js';
import type { ProblemCode } from '../errors.js';

export const Time = Type.String({
  format: 'date-time',
  description: 'RFC 3339, e.g. 2026-11-21T08:55:00Z',
});

/**
 * A count: an integer of JSON, always with all its digits. A sum can pass 2^53, where a reader that parses into
 * doubles (JavaScript's JSON.parse) rounds: such readers take the digits, e.g. by JSON.parse's source text access.
 */
export const Count = (description: string) => Type.Unsafe<bigint | number>(Type.Integer({ description }));
/** Absent where nobody can see it: never 0. */
export const Maybe = (description: string) => Type.Optional(Count(description));

/** A window belongs to the range that its start lies in: from <= start < to. */
export const Range = {
  from: Type.Optional(
    Type.String({
      description: 'RFC 3339 time, or a length back from now such as 15m; default: 1h before `to`.',
    }),
  ),
  to: Type.Optional(Type.String({ description: 'RFC 3339 time, exclusive; default now.' })),
};

const filter = (what: string, pattern?: string) =>
  Type.Optional(
    Type.String({ minLength: 1, maxLength: 4096, ...(pattern && { pattern }), description: `Only ${what}.` }),
  );

export const Filters = {
  cluster: filter('this cluster'),
  node: filter('this node'),
  namespace: filter('this namespace'),
  workload: filter('this workload, as kind/name, e.g. Deployment/web', '^[^/]+/.+$'),
  pod: filter('this pod'),
  container: filter('this container'),
  cgroup: filter('this cgroup: its id in decimal, or its path when it starts with /', '^(/.*|[0-9]{1,20})$'),
};
export const filterKeys = Object.keys(Filters) as (keyof typeof Filters)[];

/** What a figure is grouped by. */
export const dimensions = ['node', 'namespace', 'workload', 'pod', 'container', 'cgroup'] as const;
export type Dimension = (typeof dimensions)[number];

/** Whose figure it is. Absent: not known, or not a part of this grouping. */
export const Owner = Type.Object({
  cluster: Type.String(),
  node: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  workload: Type.Optional(Type.String({ description: 'kind/name, e.g. Deployment/web' })),
  pod: Type.Optional(Type.String()),
  container: Type.Optional(
    Type.String({ description: 'Name in the pod; the container id where no name is known' }),
  ),
  cgroupId: Type.Optional(Type.String({ description: '64-bit, decimal' })),
  bootId: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ description: 'Path of the cgroup in its hierarchy' })),
});
export type Owner = Static<typeof Owner>;

export const ProblemBody = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum(Object.keys(problems) as ProblemCode[], { description: 'One of a closed list' }),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
  },
  { $id: 'Problem', description: 'Problem details, RFC 9457' },
);
export type ProblemBody = Static<typeof ProblemBody>;
