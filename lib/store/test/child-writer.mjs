/** Writes rounds of windows into the embedded store of argv[2] from round argv[3] on until it is killed; says `acked N`. */
import { createBatch } from '@dentryscope/contracts';
import { openEmbeddedStore } from '@dentryscope/store';

const [directory, first] = process.argv.slice(2);
const { writer } = await openEmbeddedStore({ directory });
process.stdout.write('open\n');
for (let round = Number(first); ; round++) {
  await writer.write(roundOf(round));
  process.stdout.write(`acked ${round}\n`);
}

/** 20 nodes of 100 cgroups; each figure is the round's number. The parent builds the same. */
function roundOf(round) {
  const ids = Array.from({ length: 100 }, (_, n) => BigInt(n + 1));
  const startMs = BigInt(Date.UTC(2026, 0, 1) + round * 1000);
  return Array.from({ length: 20 }, (_, node) =>
    createBatch({
      cluster: 'c1',
      node: `n${node}`,
      bootId: 'boot-1',
      seq: BigInt(round),
      windowStartMs: startMs,
      windowEndMs: startMs + 1000n,
      state: { nrDentry: BigInt(round) },
      cgroups: { ids, dentriesAllocated: ids.map(() => BigInt(round)) },
      cgroupInfos: ids.map((id) => ({ id, path: `/round-${round}/${id}`, hierarchy: 'v2' })),
    }),
  );
}
