/** Intervals without a window between two windows of a node, and what is known of why. The same for both stores. */
import type { GapReason } from '@dentryscope/contracts';
import type { Gap } from './types.js';

/** How far outside of its range the windows on both sides of a gap are looked for. */
export const GAP_LOOK_MS = 86_400_000;

/** The window after a gap, beside the one before it. */
export interface Neighbours {
  readonly cluster: string;
  readonly node: string;
  readonly sameBoot: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  /** From the number of the window before to that of the window after; of one boot. */
  readonly seqs: bigint;
}

/**
 * Numbers count by one while one spool lasts, and a window takes 1 ms at least. A spool that is new in its boot counts on
 * from the milliseconds since the boot: a step that the gap has no time for.
 */
export function gapOf({ sameBoot, seqs, ...place }: Neighbours): Gap {
  const { cluster, node, fromMs, toMs } = place;
  const reason = reasonOf(sameBoot, seqs, toMs - fromMs);
  const gap = { cluster, node, fromMs, toMs, reason };
  if (reason === 'windows_missing') return { ...gap, windows: Number(seqs - 1n) };
  return reason === 'agent_away' ? { ...gap, windows: 0 } : gap;
}

function reasonOf(sameBoot: boolean, seqs: bigint, lengthMs: number): GapReason {
  if (!sameBoot) return 'rebooted';
  if (seqs === 1n) return 'agent_away';
  return seqs > 1n && seqs - 1n <= BigInt(lengthMs) ? 'windows_missing' : 'spool_replaced';
}

type Around = Pick<Gap, 'cluster' | 'node' | 'fromMs'>;

/** As UTF-8 bytes, as all that is sorted by name. */
const byName = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const inOrder = (a: Around, b: Around) =>
  a.fromMs - b.fromMs || byName(a.cluster, b.cluster) || byName(a.node, b.node);
