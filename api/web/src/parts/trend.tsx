import { percent, perSecond } from '../format.js';

const HOUR_S = 3600;
/** Growth in an hour, as a part of what is there, from which it is worth a look. Less is noise, and stays grey. */
const NOTABLE = 0.05;

interface GrowthProps {
  readonly perSecond: number;
  /** What grows; undefined: not known. */
  readonly of: number | bigint | undefined;
}

/** Coloured where it matters only: a column of colours says nothing at 3 in the morning. */
export function Growth({ perSecond: growth, of }: GrowthProps) {
  const hourly = growth * HOUR_S;
  const notable = of !== undefined && Math.abs(hourly) > NOTABLE * Number(of);
  const title = of === undefined ? undefined : `${percent(hourly, of)} an hour`;
  return (
    <span class={notable ? (growth > 0 ? 'up' : 'down') : 'flat'} title={title}>
      {perSecond(growth)}
    </span>
  );
}
