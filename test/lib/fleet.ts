/** Windows of a simulated fleet with a known truth, and the question whether the API says the same. */
import { expect } from 'vitest';
import type { TopAnswer } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';
import type { Fleet } from '@dentryscope/simulator';
import { eventually, getJson } from './cli.js';

export const WINDOW_MS = 1000;

/** In the past, so that all its windows are over. @param ago when the last of them was: fleets of one store must not overlap */
export function pastFleet(windows: number, ago = 60): Fleet {
  const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - (windows + ago) * WINDOW_MS;
  return createFleet({
    nodes: 10,
    cgroupsPerNode: 20,
    seed: 7,
    cluster: 'chaos',
    windowMs: WINDOW_MS,
    startMs,
  });
}

/** Polls until every node's sum is the published one, and fails with both where it never is. */
export async function expectTruth(
  api: string,
  fleet: Fleet,
  windows: number,
  withinMs = 60_000,
): Promise<void> {
  const truth = fleet.truth({ from: 0, to: windows });
  const expected = Object.fromEntries(
    fleet.nodes
      .map(({ name: node }) => [node, Number(truth.sum('dentries_allocated', { node }) ?? -1n)] as const)
      .filter(([, value]) => value >= 0),
  );
  const { startMs } = fleet.options;
  const from = new Date(startMs).toISOString();
  const to = new Date(startMs + windows * WINDOW_MS).toISOString();
  const url = `${api}/v1/top?metric=dentries_allocated&by=node&cluster=chaos&limit=100&from=${from}&to=${to}`;
  let seen: Record<string, number> = {};
  const same = async () => {
    const { items } = await getJson<TopAnswer>(url);
    seen = Object.fromEntries(items.map(({ node, value }) => [node!, Number(value)]));
    return Object.keys(expected).every((node) => seen[node] === expected[node]) || undefined;
  };
  await eventually(same, withinMs).catch(() => undefined);
  expect(seen).toEqual(expected);
}
