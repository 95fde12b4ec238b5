/** Who has rows of its own, and that all sums stay as they were. */
import { cgroupMetrics, combined, term } from '@dentryscope/contracts';
import type { CgroupColumn, CgroupMetric } from '@dentryscope/contracts';
import { describe, expect, it } from 'vitest';
import { Admission } from '../src/admission.js';
import { Credit } from '../src/credit.js';
import type { WindowColumns } from '../src/deltas.js';
import { dice } from '../../scripts/lib/random.mjs';

const HOUR_MS = 3_600_000;

function admissionOf(maxCgroups: number, newCgroupsPerHour = 1, lives: (id: bigint) => boolean = () => true) {
  const clock = { ms: 0 };
  const admission = new Admission({ maxCgroups, newCgroupsPerHour, lives, nowMs: () => clock.ms });
  return { admission, clock };
}

/** Each cgroup with its dentries. */
const made = (rows: Readonly<Record<string, bigint>>): WindowColumns => ({
  ids: Object.keys(rows).map(BigInt),
  columns: { dentriesAllocated: Object.values(rows) },
});

const keep = (admission: Admission, window: WindowColumns): bigint[] => {
  const admitted = admission.admit(window);
  admitted.keep();
  return admitted.window.ids;
};

/** Cgroups that come and go: a window of those that did something, and who died in it. */
function churn(random: (below: number) => number, columns: readonly CgroupColumn[]) {
  let [next, living] = [1n, [] as bigint[]];
  return () => {
    for (let births = random(6); births > 0; births--) living.push(next++);
    const busy = living.filter(() => random(4) > 0);
    const ids = random(3) === 0 ? [...busy, 0n] : busy;
    const values = () => ids.map(() => (random(3) === 0 ? 0n : BigInt(random(1 << 30)) ** 2n % 2n ** 53n));
    const window = { ids, columns: Object.fromEntries(columns.map((column) => [column, values()])) };
    const dead = living.filter(() => random(5) === 0);
    living = living.filter((id) => !dead.includes(id));
    return { window: window as WindowColumns, dead };
  };
}

const total = (metric: CgroupMetric, values: readonly bigint[]) =>
  values.reduce((sum, value) => sum + term(metric, value), 0n);

describe('sums over cgroups', () => {
  it.each(Array.from({ length: 100 }, (_, seed) => seed))('are what they were (seed %i)', (seed) => {
    const random = dice(seed);
    const seen = cgroupMetrics.filter(() => random(4) > 0);
    const next = churn(
      random,
      seen.map(({ column }) => column),
    );
    const { admission, clock } = admissionOf(1 + random(8), 1 + random(2000));
    for (let n = 0; n < 30; n++, clock.ms += 10_000) {
      const { window, dead } = next();
      const admitted = admission.admit(window);
      const { ids, columns } = admitted.window;
      expect(Object.keys(columns).sort()).toEqual(Object.keys(window.columns).sort());
      expect(new Set(ids).size).toBe(ids.length);
      const own = ids.filter((id) => id !== 0n);
      expect(own).toEqual(window.ids.filter((id) => id !== 0n && !admission.folds(id)));
      for (const metric of seen) expectSums(metric, window, admitted.window);
      if (random(5) === 0) continue; // not kept
      admitted.keep();
      admission.forget(dead);
    }
    expect(admission.folded().ever).toBeGreaterThan(0);
  });
});

/** Every row but that of cgroup 0 is untouched, and that has all that is missing: rounded up where it is an error. */
function expectSums(metric: CgroupMetric, before: WindowColumns, after: WindowColumns): void {
  const [all, left] = [before.columns[metric.column]!, after.columns[metric.column]!];
  expect(left).toHaveLength(after.ids.length);
  if (metric.combine === 'sum') expect(total(metric, left)).toBe(total(metric, all));
  const own = after.ids.filter((id) => id !== 0n);
  const at = ({ ids }: WindowColumns, values: readonly bigint[], id: bigint) => values[ids.indexOf(id)];
  for (const id of own) expect(at(after, left, id)).toBe(at(before, all, id));
  const joined = all.filter((_, row) => !own.includes(before.ids[row]!));
  if (after.ids.includes(0n)) expect(at(after, left, 0n)).toBe(combined(metric, total(metric, joined)));
  else expect(joined).toEqual([]);
}

describe('the budget', () => {
  it('is exact: full at the start, then one each hour over the rate, and no more saved than there is room', () => {
    let nowMs = 1_000.7;
    const credit = new Credit(5, 3, () => nowMs);
    expect([credit.take(9, 5), credit.take(1, 5)]).toEqual([5, 0]);
    const takenAt = Array.from({ length: HOUR_MS / 1_000 }, () => {
      nowMs += 1_000;
      return credit.take(1, 5);
    });
    expect(takenAt.flatMap((taken, second) => (taken ? [second + 1] : []))).toEqual([1_200, 2_400, 3_600]);
    nowMs += 2 * HOUR_MS;
    expect([credit.take(9, 5), credit.take(9, 5)]).toEqual([5, 0]);
    nowMs += 2 * HOUR_MS;
    expect([credit.take(9, 2), credit.take(9, 5)]).toEqual([2, 0]);
  });

  it('a full node starts with everything named, and one more has no room however long it waits', () => {
    const { admission, clock } = admissionOf(3, 1000);
    expect(keep(admission, made({ 1: 1n, 2: 1n, 3: 1n }))).toEqual([1n, 2n, 3n]);
    clock.ms += 24 * HOUR_MS;
    expect(keep(admission, made({ 4: 9n }))).toEqual([0n]);
    admission.forget([1n]);
    clock.ms += HOUR_MS / 1000;
    expect(keep(admission, made({ 5: 9n, 4: 9n }))).toEqual([5n, 0n]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'in any hours: at most max + hours * rate have rows (seed %i)',
    (seed) => {
      const random = dice(seed);
      const [max, rate] = [4 + random(10), 1 + random(40)];
      const { admission, clock } = admissionOf(max, rate);
      const next = churn(random, ['dentriesAllocated']);
      const windows: { ms: number; own: bigint[] }[] = [];
      let bites = 0;
      for (let n = 0; n < 300; n++, clock.ms += random(2 * 60_000)) {
        const { window, dead } = next();
        const admitted = admission.admit(window);
        admitted.keep();
        admission.forget(dead);
        windows.push({ ms: clock.ms, own: admitted.window.ids.filter((id) => id !== 0n) });
      }
      for (let from = 0; from < windows.length; from += 7) {
        const named = new Set<bigint>();
        for (const { ms, own } of windows.slice(from)) {
          for (const id of own) named.add(id);
          const bound = max + (rate * (ms - windows[from]!.ms)) / HOUR_MS;
          expect(named.size).toBeLessThanOrEqual(bound);
          if (named.size > bound - 1) bites++;
        }
      }
      expect(bites).toBeGreaterThan(0);
    },
  );

  it('of one window the largest come first, whatever the order of its rows; equals by their id', () => {
    const rows = [
      [4n, 5n, 0n, 0n],
      [9n, 5n, 0n, 0n],
      [2n, 5n, 7n, 0n],
      [3n, 5n, 0n, 1n],
      [5n, 6n, 0n, 0n],
    ] as const;
    const order = [5n, 2n, 3n, 4n, 9n];
    for (let max = 1; max <= 5; max++)
      for (const turned of [rows, [...rows].reverse()]) {
        const column = (n: 1 | 2 | 3) => turned.map((row) => row[n]);
        const columns = {
          dentriesAllocated: column(1),
          liveDentriesEstimate: column(2),
          psiIoFullNs: column(3),
        };
        const ids = keep(admissionOf(max).admission, { ids: turned.map(([id]) => id), columns });
        expect(new Set(ids)).toEqual(new Set([...order.slice(0, max), ...(max < 5 ? [0n] : [])]));
      }
  });

  it('cgroup 0 of the kernel side costs nothing, and takes in who is refused', () => {
    const { admission } = admissionOf(1);
    const { window } = admission.admit(made({ 0: 100n, 1: 10n, 2: 1n }));
    expect(window).toEqual({ ids: [1n, 0n], columns: { dentriesAllocated: [10n, 101n] } });
  });
});

describe('a decision', () => {
  it('stays while the cgroup lives, whatever it does later and whatever credit there is', () => {
    const { admission, clock } = admissionOf(1, 1000);
    keep(admission, made({ 1: 2n, 2: 1n }));
    for (let n = 0; n < 5; n++, clock.ms += HOUR_MS)
      expect(keep(admission, made({ 1: 1n, 2: 1_000n }))).toEqual([1n, 0n]);
    expect(keep(admission, made({}))).toEqual([]);
    admission.forget([1n]);
    keep(admission, made({}));
    clock.ms += HOUR_MS;
    expect(keep(admission, made({ 2: 1n }))).toEqual([0n]);
    expect(keep(admission, made({ 3: 1n }))).toEqual([3n]);
  });

  it('ends with the cgroup, once a window without it was kept; its id may be used again', () => {
    const { admission, clock } = admissionOf(1, 1000);
    keep(admission, made({ 1: 2n, 2: 1n }));
    admission.forget([1n, 2n]);
    // Dead, and holding dentries still.
    expect(keep(admission, made({ 1: 1n, 2: 1n }))).toEqual([1n, 0n]);
    admission.admit(made({})); // not kept
    expect(admission.size).toBe(2);
    expect(admission.folded()).toEqual({ now: 1, ever: 1 });
    keep(admission, made({}));
    expect(admission.size).toBe(0);
    expect(admission.folded()).toEqual({ now: 0, ever: 1 });
    clock.ms += HOUR_MS;
    expect(keep(admission, made({ 1: 1n, 2: 2n }))).toEqual([2n, 0n]);
  });

  it('on one of whose birth word comes late stays; the oldest of whom no word comes are forgotten', () => {
    const known = new Set<bigint>();
    const { admission } = admissionOf(3, 1, (id) => known.has(id));
    expect(keep(admission, made({ 1: 9n, 2: 9n, 3: 9n, 4: 1n }))).toEqual([1n, 2n, 3n, 0n]);
    known.add(1n);
    for (let id = 5n; id <= 9n; id++) keep(admission, { ids: [id], columns: { dentriesAllocated: [1n] } });
    expect(admission.size).toBe(4); // the first, and the newest three
    expect(keep(admission, made({ 1: 1n }))).toEqual([1n]);
  });

  it('of a window that was not kept is not charged again', () => {
    const { admission } = admissionOf(2);
    for (let n = 0; n < 10; n++) expect(admission.admit(made({ 1: 1n })).window.ids).toEqual([1n]);
    expect(admission.admit(made({ 1: 1n, 2: 5n, 3: 4n })).window.ids).toEqual([1n, 2n, 0n]);
    // The refused one is larger by now.
    expect(keep(admission, made({ 1: 1n, 2: 5n, 3: 9n }))).toEqual([1n, 2n, 0n]);
  });

  it.each(['with', 'without'])(
    '100,000 short-lived, %s word of their deaths: none is remembered long',
    (word) => {
      const { admission, clock } = admissionOf(50, 1000, () => word === 'with');
      let largest = 0;
      for (let id = 1n; id <= 100_000n; id += 20n, clock.ms += 10_000) {
        const ids = Array.from({ length: 20 }, (_, n) => id + BigInt(n));
        const columns = { dentriesAllocated: ids };
        admission.admit({ ids, columns }).keep();
        largest = Math.max(largest, admission.size);
        if (word === 'with') admission.forget(ids);
      }
      expect(largest).toBeLessThanOrEqual(word === 'with' ? 40 : 50 + 20);
      expect(admission.folded().ever).toBeGreaterThan(80_000);
      // 50 at the start, then 1,000 an hour for all of the 5,000 windows.
      const named = 100_000 - admission.folded().ever;
      if (word === 'with') expect(named).toBe(50 + Math.floor((4_999 * 10_000 * 1000) / HOUR_MS));
      else expect(named).toBeGreaterThan(50);
    },
  );
});
