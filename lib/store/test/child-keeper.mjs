/**
 * Writes rounds of windows into the embedded store of argv[2] from round argv[3] on, one an hour of the past, and drops
 * what is older than eight rounds with a checkpoint after each, until it is killed; says `acked N` and `dropped N`.
 */
import { createBatch } from '@dentryscope/contracts';
import { openEmbeddedStore } from '@dentryscope/store';

const HOUR_MS = 3_600_000;
const KEPT = 8;
const [directory, first] = process.argv.slice(2);
const T0 = Date.UTC(2026, 0, 1);
const { writer } = await openEmbeddedStore({ directory });
process.stdout.write('open\n');
for (let round = Number(first); ; round++) {
  await writer.write(roundOf(round));
  process.stdout.write(`acked ${round}\n`);
  const before = T0 + (round - KEPT) * HOUR_MS;
  while (await writer.forget(before));
  process.stdout.write(`dropped ${round - KEPT}\n`);
}

/** 20 nodes of 500 cgroups; each figure is the round's number. The parent knows the same. */
function roundOf(round) {
  const ids = Array.from({ length: 500 }, (_, n) => BigInt(n + 1));
  const startMs = BigInt(T0 + round * HOUR_MS);
  return Array.from({ length: 20 }, (_, node) =>
    createBatch({
      ...{ cluster: 'c1', node: `n${node}`, bootId: 'boot-1', seq: BigInt(round) },
      ...{ windowStartMs: startMs, windowEndMs: startMs + 1000n, state: { nrDentry: BigInt(round) } },
      cgroups: { ids, dentriesAllocated: ids.map(() => BigInt(round)) },
      cgroupInfos: ids.map((id) => ({ id, path: `/r/${round}/${id}`, hierarchy: 'v2' })),
    }),
  );
}
