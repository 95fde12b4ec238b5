/** Which dead letters are meant. */
import type { Settings } from '@dentryscope/contracts';
import type { DeadLetter } from '@dentryscope/transport';

export type Selection = Pick<Settings, 'offset' | 'partition' | 'reason'>;

export function selector({ offset, partition, reason }: Selection): (letter: DeadLetter) => boolean {
  const words = reason?.toLowerCase();
  return ({ from, reason: given }) => {
    if (partition !== undefined && from?.partition !== partition) return false;
    if (offset && !(from && from.offset >= offset.from && (offset.to ?? from.offset) >= from.offset))
      return false;
    return words === undefined || (given?.toLowerCase().includes(words) ?? false);
  };
}

/** For a message: what was selected by. */
export function selectedBy({ offset, partition, reason }: Selection): string {
  const flags = [
    ...(offset ? [`--offset ${offset.from}${offset.to === offset.from ? '' : `-${offset.to ?? ''}`}`] : []),
    ...(partition === undefined ? [] : [`--partition ${partition}`]),
    ...(reason === undefined ? [] : [`--reason ${JSON.stringify(reason)}`]),
  ];
  return flags.join(' ');
}
