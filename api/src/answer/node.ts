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

function isReporting({ windowStartMs, windowEndMs }: NodeBatch, now: number): boolean {
  const windowMs = Number(windowEndMs - windowStartMs);
  return Number(windowEndMs) >= now - MISSED_WINDOWS * windowMs - GRACE_MS;
}

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
    degraded: newest.health?.degraded ?? [],
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
