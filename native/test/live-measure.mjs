/**
 * Makes files in cgroups of their own, deletes the first half of each, and tells what samples of the living said:
 *
 *   node live-measure.mjs '{"workload": "/path/of/workload", "root": "/sys/fs/cgroup", "dir": "/run",
 *     "sizes": [200, 2000], "probes": [{"backends": ["fentry"], "live": {"shift": 0, "seed": "1"}}]}'
 *
 * Operations that are `shortLived` come after that, as many as the first cgroup made files, and what they make dies at once.
 *
 * All probes look on at the same time. Prints one line of JSON; arrays of 64-bit numbers as base64.
 */
import { DentryProbe, estimateByAge } from '@dentryscope/native';
import { makeCgroup, work } from './measure.mjs';

const config = JSON.parse(process.argv[2]);
const bytes = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

function tell(probe) {
  const sample = probe.live();
  const { ids, dentries, standardErrors } = estimateByAge(probe.liveByAge(process.hrtime.bigint()));
  const { shift, lost } = sample;
  const { oldDied, oldDiedVariance } = probe.drain().totals;
  return {
    ...{ shift, lost, oldDied, oldDiedVariance },
    estimates: ids.map((id, i) => ({ id, dentries: dentries[i], standardError: standardErrors[i] })),
    addresses: bytes(sample.addresses),
    owners: bytes(sample.ids),
  };
}

const probes = config.probes.map(({ live, ...open }) =>
  DentryProbe.open({ ...open, live: { ...live, seed: BigInt(live.seed) } }),
);
const cgroups = config.sizes.map(() => makeCgroup(config.root));
for (const [i, n] of config.sizes.entries()) {
  await work(config.workload, { op: 'create', n, dir: config.dir, names: `live${i}` }, [cgroups[i]]);
  // As an agent's windows would: what a raised mask leaves out is removed.
  probes.forEach((probe) => probe.live());
}
const full = probes.map(tell);
for (const [i, n] of config.sizes.entries())
  await work(config.workload, { op: 'unlink', n: n / 2, dir: config.dir, names: `live${i}` }, []);
const half = probes.map(tell);
for (const op of config.shortLived ?? [])
  await work(config.workload, { op, n: config.sizes[0], dir: config.dir }, []);
const after = probes.map(tell);
const missed = probes.map((probe) => probe.hooks.map((hook) => [hook.hook, hook.missed]));
for (const probe of probes) probe.close();
const out = { ids: cgroups.map(({ id }) => id), full, half, after, missed };
process.stdout.write(
  `${JSON.stringify(out, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`,
);
