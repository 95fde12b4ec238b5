/**
 * Who holds the dentries: five cgroups make 200 to 200,000 files, then half of each are deleted. A probe that samples
 * every dentry must say exactly how many live; those that sample some, how many within their standard errors.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_TEST_TIMEOUT_MS, requirePart, runInGuest } from '@dentryscope/lab';
import type { KernelVersion } from '@dentryscope/lab';
import { standardError } from '@dentryscope/native';
import { compile, compileWorkload, scratch } from './support.js';

const SIZES = [200, 2000, 10_000, 50_000, 200_000];
const SEEDS = Array.from({ length: 30 }, (_, i) => BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n));
/** By the hash alone, and by the gate. */
const SHIFTS = [4, 8];
/** 3 standard errors hold 99.73 % of the estimates; of 150, more than 4 outside come once in 20,000 runs. */
const OUTSIDE_3 = 4;
/** And one outside of these once in a thousand runs. */
const NEVER = 4.5;

/** The guest's own few processes end meanwhile, or start: their dentries in /proc were there before. */
const OLD_OF_OTHERS = 50n;

const skipped = requirePart('vm');
const folder = scratch();
const binary = skipped ? '' : compileWorkload(folder);
const sampler = skipped ? '' : compile(folder, 'live_sampled.c');

interface Estimate {
  id: string;
  dentries: string;
  standardError: string;
}

interface Told {
  shift: number;
  lost: string;
  oldDied: string;
  estimates: Estimate[];
  addresses: string;
  owners: string;
}

interface Result {
  ids: string[];
  full: Told[];
  half: Told[];
  after: Told[];
}

async function measure(kernel: KernelVersion, config: object): Promise<Result> {
  const whole = { workload: binary, root: '/sys/fs/cgroup', dir: '/run', ...config };
  const script = `exec node ${fileURLToPath(new URL('live-measure.mjs', import.meta.url))} '${JSON.stringify(whole)}'`;
  const { status, stdout, stderr } = await runInGuest(kernel, script, { memoryMb: 3072 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Result;
}

function words(base64: string): BigUint64Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new BigUint64Array(bytes.buffer);
}

/** How many standard errors each cgroup's estimate is off; of a cgroup that has no sample, that of 0. */
function errors(
  ids: readonly string[],
  truths: readonly number[],
  estimates: readonly Estimate[],
  shift: number,
) {
  return ids.map((id, i) => {
    const found = estimates.find((estimate) => estimate.id === id);
    const [dentries, error] = found
      ? [Number(found.dentries), Number(found.standardError)]
      : [0, Number(standardError(0, shift))];
    return Math.abs(dentries - truths[i]!) / error;
  });
}

/** The estimates that probes with these seeds would have made of the same living dentries. */
function resampled(told: Told, seeds: readonly bigint[], shift: number): Estimate[][] {
  const owners = words(told.owners);
  const input = Buffer.from(told.addresses, 'base64');
  const lines = execFileSync(sampler, [shift, ...seeds].map(String), {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 27,
  });
  return lines
    .trim()
    .split('\n')
    .map((line) =>
      estimatesOf(
        (JSON.parse(line) as number[]).map((at) => String(owners[at])),
        shift,
      ),
    );
}

function estimatesOf(sampledOwners: readonly string[], shift: number): Estimate[] {
  const counts = new Map<string, number>();
  for (const id of sampledOwners) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].map(([id, n]) => ({
    id,
    dentries: String(n << shift),
    standardError: String(standardError(n, shift)),
  }));
}

const halves = SIZES.map((size) => size / 2);
const exact = (ids: readonly string[], told: Told) =>
  ids.map((id) => Number(told.estimates.find((estimate) => estimate.id === id)?.dentries));

describe.skipIf(skipped).each([
  ['5.10', 'fentry'],
  ['6.1', 'kprobe'],
  ['6.12', 'fentry'],
] as const)('Linux %s, by %s', (kernel, backend) => {
  let result: Result;

  beforeAll(async () => {
    const of = (live: object) => ({ backends: [backend], live });
    result = await measure(kernel, {
      sizes: SIZES,
      probes: [
        of({ shift: 0, seed: '1', maxSamples: 1 << 19 }),
        of({ shift: 0, seed: '9', maxSamples: 4096 }),
        ...SHIFTS.map((shift) => of({ shift, seed: '7', maxSamples: 1 << 16 })),
      ],
    });
  }, GUEST_TEST_TIMEOUT_MS);

  it('a sample of all is exact, and says so', () => {
    for (const [told, truths] of [
      [result.full[0]!, SIZES],
      [result.half[0]!, halves],
    ] as const) {
      expect(exact(result.ids, told)).toEqual(truths);
      expect(new Set(told.estimates.map(({ standardError }) => standardError))).toEqual(new Set(['0']));
    }
  });

  it.each(SHIFTS)('a sample of 1 in 2^%i has the truth within its standard errors', (shift) => {
    const at = 2 + SHIFTS.indexOf(shift);
    const [full, half] = [result.full[at]!, result.half[at]!];
    expect([full.shift, half.shift]).toEqual([shift, shift]);
    const off = [
      ...errors(result.ids, SIZES, full.estimates, shift),
      ...errors(result.ids, halves, half.estimates, shift),
    ];
    expect(Math.max(...off)).toBeLessThan(NEVER);
  });

  it.each(SHIFTS)('so have 30 seeds at 1 in 2^%i', (shift) => {
    const off = resampled(result.half[0]!, SEEDS, shift).flatMap((estimates) =>
      errors(result.ids, halves, estimates, shift),
    );
    expect(off.filter((error) => error > 3).length).toBeLessThanOrEqual(OUTSIDE_3);
    expect(Math.max(...off)).toBeLessThan(NEVER);
    process.stdout.write(
      `live estimates at 1 in 2^${shift} on ${kernel} by ${backend}: ${off.filter((error) => error <= 3).length} of ${off.length} within 3 standard errors\n`,
    );
  });

  it('a map that would fill up lowers the rate, loses no birth and stays right', () => {
    const told = result.half[1]!;
    expect(told.shift).toBeGreaterThan(4);
    expect(told.lost).toBe('0');
    expect(Math.max(...errors(result.ids, halves, told.estimates, told.shift))).toBeLessThan(NEVER);
  });
});

describe.skipIf(skipped).each([
  ['6.1', ['kprobe']],
  ['6.12', ['kprobe', 'fentry']],
] as const)('Linux %s, by %j, of which every dentry is sampled', (kernel, backends) => {
  it(
    'nothing that was born under the probe dies as older than it',
    async () => {
      const live = { shift: 0, seed: '1', maxSamples: 1 << 16 };
      const { half, after } = await measure(kernel, {
        ...{ sizes: [1000], shortLived: ['pidfd', 'namespace', 'pipe', 'socket'] },
        probes: backends.map((backend) => ({ backends: [backend], live })),
      });
      expect(after).toHaveLength(backends.length);
      for (const [i, told] of after.entries())
        expect(BigInt(told.oldDied) - BigInt(half[i]!.oldDied)).toBeLessThan(OLD_OF_OTHERS);
    },
    GUEST_TEST_TIMEOUT_MS,
  );
});
