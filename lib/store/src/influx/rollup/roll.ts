/** Rolls up what is due, hour by hour, the oldest first. */
import { HOUR_MS, hourOf } from '../../hour.js';
import { StoreError } from '../../types.js';
import { WINDOW_FIELD } from '../boots.js';
import { Catalog } from '../catalog.js';
import { flat, from, list, quoted, time } from '../flux.js';
import type { Ask } from '../flux.js';
import type { Server } from '../server.js';
import type { Ages } from './ages.js';
import { cgroupRows, nodeRows, nodesOf } from './hour.js';
import type { Hour } from './hour.js';
import { hourLine, rolledLine } from './layout.js';
import type { HourRow } from './layout.js';
import { rolledUntilMs } from './rolled.js';

/** What an hour was rolled up from, and to. */
export interface RolledHour {
  /** Its start, Unix milliseconds. */
  readonly hourMs: number;
  readonly nodes: number;
  readonly points: number;
}

export interface Buckets {
  readonly windows: { readonly server: Server; readonly bucket: string };
  readonly hours: { readonly server: Server; readonly bucket: string };
}

const MEASUREMENTS = ['cgroup_hours', 'node_hours'] as const;
/** As InfluxDB advises. */
const REQUEST_LINES = 5_000;
/** Two that roll up the same hour at once spoil each other's: whoever is last finds it right. */
const TRIES = 3;

export class Roller {
  private readonly catalog: Catalog;

  constructor(
    private readonly buckets: Buckets,
    private readonly ages: Ages,
    private readonly now: () => number,
  ) {
    this.catalog = new Catalog(buckets.windows.server, buckets.windows.bucket);
  }

  /**
   * Each hour's points are compared with what the windows came to before the hour counts as rolled up; a crash before leaves
   * an hour that is done again.
   * @throws StoreError, or the signal's reason
   */
  async *rollDue(signal: AbortSignal): AsyncGenerator<RolledHour> {
    const untilMs = hourOf(this.now() - this.ages.finalMs);
    const fromMs = await this.firstHourMs(signal);
    if (fromMs === undefined) return;
    if (fromMs < untilMs) await this.catalog.refresh(signal);
    for (let hourMs = fromMs; hourMs < untilMs; hourMs += HOUR_MS) {
      const rolled = await this.roll(hourMs, signal);
      if (rolled.nodes > 0) yield rolled;
    }
  }

  /** @returns undefined where there is no window at all */
  private async firstHourMs(signal: AbortSignal): Promise<number | undefined> {
    const rolled = await rolledUntilMs(this.ask('hours', signal), this.buckets.hours.bucket);
    if (rolled !== undefined) return rolled;
    const { bucket } = this.buckets.windows;
    const windows = from({ bucket, measurement: 'node', field: WINDOW_FIELD, fromMs: 0 });
    const flux = `${windows} |> first()${flat(['_time'])} |> min(column: "_time")`;
    const [row] = await this.ask('windows', signal)(flux, ['_time']);
    return row && hourOf(Date.parse(row[0]!));
  }

  private async roll(hourMs: number, signal: AbortSignal): Promise<RolledHour> {
    const hour = { bucket: this.buckets.windows.bucket, hourMs };
    for (let tries = 1; ; tries += 1) {
      await this.clear(hourMs, signal);
      const { nodes, totals, points } = await this.write(hour, signal);
      const found = await this.sumsOf(hourMs, signal);
      if (found !== totals.text()) {
        if (tries < TRIES) continue;
        throw new StoreError(
          `${this.what(hourMs)} holds ${found}; its windows come to ${totals.text()}`,
          true,
        );
      }
      await this.buckets.hours.server.write(rolledLine(hourMs + HOUR_MS, hourMs));
      return { hourMs, nodes, points };
    }
  }

  private what(hourMs: number): string {
    return `the hour of ${time(hourMs)} in bucket ${this.buckets.hours.bucket} (does another process roll it up as well?)`;
  }

  /** What a process that ended before it was done left there, or one that had other names. */
  private async clear(hourMs: number, signal: AbortSignal): Promise<void> {
    if ((await this.sumsOf(hourMs, signal)) === '') return;
    for (const measurement of MEASUREMENTS)
      await this.buckets.hours.server.delete(measurement, hourMs, hourMs + HOUR_MS - 1);
  }

  private async write(hour: Hour, signal: AbortSignal) {
    const ask = this.ask('windows', signal);
    const totals = new Totals();
    const lines: string[] = [];
    let points = 0;
    const add = async (rows: readonly HourRow[], most: number) => {
      for (const row of rows) totals.add(row);
      lines.push(...rows.map((row) => hourLine(row, hour.hourMs)));
      points += rows.length;
      if (lines.length > most) await this.buckets.hours.server.write(lines.splice(0).join('\n'));
    };
    const nodes = await nodesOf(ask, hour);
    for (const node of nodes) await add(await cgroupRows(ask, hour, node, this.catalog), REQUEST_LINES);
    await add(nodes.length > 0 ? await nodeRows(ask, hour) : [], 0);
    return { nodes: nodes.length, totals, points };
  }

  /** What the bucket of hours has of the hour, as the text of `Totals`. */
  private async sumsOf(hourMs: number, signal: AbortSignal): Promise<string> {
    const columns = ['_measurement', '_field'];
    const flux = `from(bucket: ${quoted(this.buckets.hours.bucket)})
      |> range(start: ${time(hourMs)}, stop: ${time(hourMs + HOUR_MS)})
      |> filter(fn: (r) => ${MEASUREMENTS.map((name) => `r._measurement == ${quoted(name)}`).join(' or ')})
      |> group(columns: ${list(columns)}) |> sum() |> group()`;
    const totals = new Totals();
    for (const [measurement, field, value] of await this.ask('hours', signal)(flux, [...columns, '_value']))
      totals.put(measurement!, field!, BigInt(value!));
    return totals.text();
  }

  private ask(which: keyof Buckets, signal: AbortSignal): Ask {
    return (flux, columns) => this.buckets[which].server.query(flux, columns, signal);
  }
}

/** The sums of all points by measurement and field, as InfluxDB makes them: past 2^63 they wrap around. */
class Totals {
  private readonly sums = new Map<string, bigint>();

  add({ level, values }: HourRow): void {
    for (const [field, value] of values) this.put(`${level}_hours`, field, value);
  }

  put(measurement: string, field: string, value: bigint): void {
    const key = `${measurement}.${field}`;
    this.sums.set(key, BigInt.asIntN(64, (this.sums.get(key) ?? 0n) + value));
  }

  text(): string {
    const sorted = [...this.sums].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([key, sum]) => `${key}=${sum}`).join(' ');
  }
}
