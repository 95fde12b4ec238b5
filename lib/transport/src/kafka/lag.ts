import { briefRetry } from './link.js';
import type { KafkaLink } from './link.js';

export interface LagQuestion {
  readonly topic: string;
  readonly groupId: string;
  readonly partitions: readonly number[];
  /** Of a consumer that does not commit. */
  readonly positions: ReadonlyMap<number, bigint> | undefined;
  readonly fromBeginning: boolean;
}

/** Messages of the partitions that the group has not committed. */
export async function lagOf(link: KafkaLink, question: LagQuestion): Promise<bigint> {
  const { topic, groupId, partitions, positions, fromBeginning } = question;
  const admin = link.kafka.admin({ retry: briefRetry });
  try {
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    const committed = positions ?? (await committedOffsets(admin, groupId, topic));
    return ends
      .filter(({ partition }) => partitions.includes(partition))
      .reduce((sum, { partition, low, high }) => {
        const start = committed.get(partition) ?? BigInt(fromBeginning ? low : high);
        // What the broker's retention took is no longer ours to read.
        const from = start > BigInt(low) ? start : BigInt(low);
        return sum + (BigInt(high) - from);
      }, 0n);
  } finally {
    await admin.disconnect();
  }
}

async function committedOffsets(
  admin: ReturnType<KafkaLink['kafka']['admin']>,
  groupId: string,
  topic: string,
): Promise<ReadonlyMap<number, bigint>> {
  const [of] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const known = (of?.partitions ?? []).filter(({ offset }) => BigInt(offset) >= 0n);
  return new Map(known.map(({ partition, offset }) => [partition, BigInt(offset)]));
}
