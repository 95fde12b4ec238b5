/** Who holds the dentries, on this machine's own kernel: each rate at which a sample may start tells the same. */
import { expect, it } from 'vitest';
import { DentryProbe, estimateByAge } from '@dentryscope/native';
import { makeCgroup, work } from './measure.mjs';
import { cgroup2, compileWorkload, scratch, withoutKernel } from './support.js';

const N = 20_000;
const SHIFTS = [0, 1, 2, 4, 7, 8, 10];
/** A normal is further off once in 150,000 times. */
const NEVER = 4.5;

it.skipIf(withoutKernel())('of 20,000 negatives in a cgroup: all exactly, others within errors', async () => {
  const dir = scratch();
  const binary = compileWorkload(dir);
  const cgroup = makeCgroup(cgroup2());
  // Room for what other tests make meanwhile: one that fills up goes on at half its rate.
  const probes = SHIFTS.map((shift) =>
    DentryProbe.open({ live: { shift, maxSamples: 1 << Math.max(15, 19 - shift) } }),
  );
  try {
    await work(binary, { op: 'miss', n: N, dir }, [cgroup]);
    for (const [i, probe] of probes.entries()) {
      const sample = probe.liveByAge(process.hrtime.bigint())!;
      expect(sample).toMatchObject({ shift: SHIFTS[i], lost: 0n });
      const { ids, dentries, standardErrors } = estimateByAge(sample);
      const at = ids.indexOf(cgroup.id);
      const off = Math.abs(Number(dentries[at]) - N);
      expect(off, `1 in 2^${SHIFTS[i]}`).toBeLessThanOrEqual(NEVER * Number(standardErrors[at]));
    }
  } finally {
    for (const probe of probes) probe.close();
    await cgroup.remove();
  }
});
