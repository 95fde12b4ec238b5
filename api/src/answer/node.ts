/** A node as the store has it, to a node as the API gives it. */
import type { Hook, Node, NodeAnswer } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Static } from 'typebox';
import type { NodeRecord } from '@dentryscope/store';
import { iso } from '../query/times.js';
import { present } from './present.js';

/** A node that missed this many of its windows is silent. */
const MISSED_WINDOWS = 3;
/** For the way of a window: spool, broker, ingester, store. */
const GRACE_MS = 10_000;

function isReporting(window: NodeBatch, now: number): boolean {
  const { windowStartMs, windowEndMs } = window;
  const windowMs = Number(windowEndMs - windowStartMs);
  const recent = Number(windowEndMs) >= now - MISSED_WINDOWS * windowMs - GRACE_MS;
  return recent && aheadMs(Number(windowEndMs), now) === 0;
}

/**
 * By how much a node's clock is ahead of this one, where its newest window ends later than any can have come. Of such a node
 * nobody can tell whether it reports: it would seem to for as long after its end. 0: not ahead.
 */
export function aheadMs(lastSeenMs: number, now: number): number {
  return lastSeenMs > now + GRACE_MS ? lastSeenMs - now : 0;
}

function clockOf({ windowEndMs }: NodeBatch, now: number): string[] {
  const ahead = aheadMs(Number(windowEndMs), now);
  if (ahead === 0) return [];
  return [
    `Its clock is at least ${inSeconds(ahead)} ahead of the API's: whether it reports cannot be told, and its windows are in ranges that are yet to come.`,
  ];
}

export const inSeconds = (ms: number) => `${Math.floor(ms / 1000)} s`;

function hooksOf({ health }: NodeBatch): Static<typeof Hook>[] {
  return (health?.hooks ?? []).map(({ hook, backend, reason, includesPseudo, perCgroup, missed }) => ({
    hook,
    ...present({ backend, reason }),
    includesPseudo,
    perCgroup,
    missed,
  }));
}

function figuresOf({ newest: { state }, growthPerSecond }: NodeRecord) {
  return present({
    dentries: state?.nrDentry,
    dentriesUnused: state?.nrUnused,
    dentriesNegative: state?.nrNegative,
    dentryGrowthPerSecond: growthPerSecond,
    memTotalBytes: state?.memTotalBytes,
    memAvailableBytes: state?.memAvailableBytes,
    slabReclaimableBytes: state?.slabReclaimableBytes,
  });
}

export function nodeOf(record: NodeRecord, now: number): Node {
  const { newest } = record;
  return {
    cluster: newest.cluster,
    node: newest.node,
    bootId: newest.bootId,
    seq: newest.seq,
    lastSeen: iso(Number(newest.windowEndMs)),
    reporting: isReporting(newest, now),
    windowMs: Number(newest.windowEndMs - newest.windowStartMs),
    ...present({ agentVersion: newest.health?.agentVersion, kernelRelease: newest.health?.kernelRelease }),
    ...figuresOf(record),
    hooks: hooksOf(newest),
    windowsLost: newest.health?.windowsLost ?? 0n,
    degraded: [...clockOf(newest, now), ...(newest.health?.degraded ?? [])],
  };
}

/** The kernel's caches of dentries and inodes on the node. */
export function slabCachesOf({ newest }: NodeRecord): NodeAnswer['slabCaches'] {
  return (newest.state?.slabCaches ?? []).map(({ name, activeObjects, totalObjects, objectBytes }) => ({
    name,
    activeObjects,
    totalObjects,
    objectBytes,
  }));
}
