/** Valid messages: the golden ones of every release, and a simulated fleet's. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NodeBatchSchema, decodeBatch, encodeBatch } from '@dentryscope/contracts';
import { createFleet } from '@dentryscope/simulator';
import { root } from '../../scripts/lib/steps.mjs';
import { flatten, parse } from './wire.mjs';

const GOLDEN = join(root, 'lib/contracts/test/golden');

/** The golden message has every field; the fleet has messages as agents send them, with and without hooks. */
export function corpus(seed) {
  const golden = readdirSync(GOLDEN)
    .filter((name) => name.endsWith('.hex'))
    .sort()
    .map((name) => Buffer.from(readFileSync(join(GOLDEN, name), 'utf8').replaceAll('\n', ''), 'hex'));
  const fleet = createFleet({
    nodes: 8,
    cgroupsPerNode: 12,
    seed,
    cluster: 'fuzz',
    windowMs: 10_000,
    startMs: 1_790_000_000_000,
  });
  // Window 0 says every cgroup's path; later ones are columns mostly.
  const simulated = [0, 1, 7].flatMap((window) => fleet.window(window)).map(encodeBatch);
  return [...golden, ...simulated].map((bytes) => {
    decodeBatch(bytes); // what the fuzzer starts from has to be good
    const tree = parse(bytes, NodeBatchSchema);
    return { bytes: Uint8Array.from(bytes), tree, nodes: flatten(tree) };
  });
}
