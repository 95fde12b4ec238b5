/** The sums of points by measurement and field, as InfluxDB makes them: past 2^63 they wrap around. */
import type { HourRow } from './layout.js';
import { measurementOf } from './layout.js';

export class Totals {
  private readonly sums = new Map<string, bigint>();

  add(row: HourRow): void {
    for (const [field, value] of row.values) this.put(measurementOf(row), field, value);
  }

  put(measurement: string, field: string, value: bigint): void {
    const key = `${measurement}.${field}`;
    this.sums.set(key, BigInt.asIntN(64, (this.sums.get(key) ?? 0n) + value));
  }

  /** The same for the same sums; '' where there are none. */
  toString(): string {
    const sorted = [...this.sums].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([key, sum]) => `${key}=${sum}`).join(' ');
  }
}
