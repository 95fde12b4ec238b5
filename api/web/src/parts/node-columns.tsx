/** The columns of the table of nodes: what each shows, and what it is sorted by. */
import type { ComponentChildren } from 'preact';
import type { Node } from '@dentryscope/contracts';
import { bytes, count, percent } from '../format.js';
import { Absent } from './absent.js';
import { Growth } from './trend.js';

export interface Column {
  readonly name: string;
  /** undefined: the row has no such figure, and comes last. */
  readonly value: (node: Node) => number | undefined;
  readonly cell: (node: Node) => ComponentChildren;
}

const number = (value: number | bigint | undefined) => (value === undefined ? undefined : Number(value));
const unread = 'this node does not give the figure';
const unreadState = 'this node does not give /proc/sys/fs/dentry-state';

function negativeShare({ dentries, dentriesNegative }: Node): number | undefined {
  if (dentries === undefined || dentriesNegative === undefined) return undefined;
  return Number(dentries) === 0 ? 0 : Number(dentriesNegative) / Number(dentries);
}

export const columns: readonly Column[] = [
  {
    name: 'Dentries',
    value: ({ dentries }) => number(dentries),
    cell: ({ dentries }) => (dentries === undefined ? <Absent why={unreadState} /> : count(dentries)),
  },
  {
    name: 'Growth',
    value: ({ dentryGrowthPerSecond }) => dentryGrowthPerSecond,
    cell: ({ dentryGrowthPerSecond: growth, dentries }) =>
      growth === undefined ? (
        <Absent why="fewer than two windows in the last 5 minutes" />
      ) : (
        <Growth perSecond={growth} of={dentries} />
      ),
  },
  {
    name: 'Negative',
    value: negativeShare,
    cell: ({ dentries, dentriesNegative }) =>
      dentries === undefined || dentriesNegative === undefined ? (
        <Absent why="this kernel does not count negative dentries (Linux does since 5.0)" />
      ) : (
        <span title={`${count(dentriesNegative)} negative dentries`}>
          {percent(dentriesNegative, dentries)}
        </span>
      ),
  },
  {
    name: 'Slab recl.',
    value: ({ slabReclaimableBytes }) => number(slabReclaimableBytes),
    cell: ({ slabReclaimableBytes: slab }) => (slab === undefined ? <Absent why={unread} /> : bytes(slab)),
  },
];
