/** Rolls up what is due, hour by hour, the oldest first. */
import { HOUR_MS, hourOf, wholeHours } from '../../hour.js';
import { StoreError } from '../../types.js';
import { WINDOW_FIELD } from '../boots.js';
import { Catalog } from '../catalog.js';
import { flat, from, time } from '../flux.js';
import type { Ask } from '../flux.js';
import type { Server } from '../server.js';
import type { Plan } from './ages.js';
import { cgroupRows, counterTotals, hourTotals, nodeRows, nodesOf } from './hour.js';
import type { Hour } from './hour.js';
import { hourLine, measurements, rolledLine } from './layout.js';
import type { HourRow } from './layout.js';
import { rolledUntilMs } from './rolled.js';

/** What an hour was rolled up from, and to. */
export interface RolledHour {
  /** Its start, Unix milliseconds. */
  readonly hourMs: number;
  readonly nodes: number;
  readonly points: number;
}

/** A server each. */
export interface Buckets {
  readonly windows: Server;
  readonly hours: Server;
}

/** As InfluxDB advises. */
const REQUEST_LINES = 5_000;
/** Two that roll up the same hour at once may spoil each other's. */
const TRIES = 3;

/** One run: what it knows of names is as of its begin. */
export class Roller {
  private readonly catalog: Catalog;
  private readonly askWindows: Ask;
  private readonly askHours: Ask;

  constructor(
    private readonly buckets: Buckets,
    private readonly plan: Plan,
    private readonly nowMs: number,
    private readonly signal: AbortSignal,
  ) {
    const { windows, hours } = buckets;
    this.askWindows = (flux, columns) => windows.query(flux, columns, signal);
    this.askHours = (flux, columns) => hours.query(flux, columns, signal);
    const eachWithin: Server['eachWithin'] = (ms, flux, columns, take) =>
      windows.eachWithin(ms, flux, columns, take, signal);
    this.catalog = new Catalog({ eachWithin }, windows.bucket);
  }

  /**
   * An hour counts as rolled up once its points are found to come to what its windows do; a crash before leaves one that is done
   * again.
   * @throws StoreError, or the signal's reason
   */
  async *rollDue(): AsyncGenerator<RolledHour> {
    const untilMs = hourOf(this.nowMs - this.plan.finalMs);
    const rolledMs = await this.rolledMs();
    const fromMs = Math.max(rolledMs ?? 0, await this.firstKeptMs());
    let hourMs = await this.nextHourMs(fromMs, untilMs);
    if (hourMs !== undefined) await this.catalog.refresh(this.signal);
    for (; hourMs !== undefined; hourMs = await this.nextHourMs(hourMs + HOUR_MS, untilMs)) {
      const rolled = await this.roll({ bucket: this.buckets.windows.bucket, hourMs });
      if (rolled) yield rolled;
    }
    // Those in which no window starts are done as well.
    if (rolledMs !== undefined && rolledMs < untilMs) await this.mark(untilMs - HOUR_MS);
  }

  /** @throws StoreError where it lies ahead: by a clock that is wrong, here or where it was written */
  private async rolledMs(): Promise<number | undefined> {
    const { bucket } = this.buckets.hours;
    const rolledMs = await rolledUntilMs(this.askHours, bucket);
    if (rolledMs === undefined || rolledMs <= this.nowMs) return rolledMs;
    throw new StoreError(
      `the bucket ${bucket} says that hours are rolled up to ${time(rolledMs)}, which is ahead of this clock: where this clock is ` +
        `right, the points of its measurement "rolled" from now on have to be deleted`,
      false,
    );
  }

  /** What is older the bucket of hours would not take. */
  private async firstKeptMs(): Promise<number> {
    const keptMs = (await this.buckets.hours.retentionMs()) ?? this.plan.rollup.retentionMs;
    return keptMs === 0 ? 0 : wholeHours(this.nowMs - keptMs) + HOUR_MS;
  }

  /** The first hour from there on in which a window starts. */
  private async nextHourMs(fromMs: number, untilMs: number): Promise<number | undefined> {
    if (fromMs >= untilMs) return undefined;
    const { bucket } = this.buckets.windows;
    const windows = from({ bucket, measurement: 'node', field: WINDOW_FIELD, fromMs, toMs: untilMs });
    const flux = `${windows} |> first()${flat(['_time'])} |> min(column: "_time")`;
    const [row] = await this.askWindows(flux, ['_time']);
    return row && hourOf(Date.parse(row[0]!));
  }

  /** @returns undefined where another process has done it meanwhile */
  private async roll(hour: Hour): Promise<RolledHour | undefined> {
    for (let tries = 1; ; tries += 1) {
      const { nodes, points, wanted } = await this.write(hour);
      const found = String(await hourTotals(this.askHours, this.buckets.hours.bucket, hour.hourMs));
      if (found === wanted) {
        await this.mark(hour.hourMs);
        return { hourMs: hour.hourMs, nodes, points };
      }
      // Not the first thing: an hour that is right is never taken away.
      if (((await this.rolledMs()) ?? 0) > hour.hourMs) return undefined;
      if (tries === TRIES) throw this.unequal(hour, found, wanted);
      await this.clear(hour);
    }
  }

  private unequal({ hourMs }: Hour, found: string, wanted: string): StoreError {
    const where = `the hour of ${time(hourMs)} in the bucket ${this.buckets.hours.bucket}`;
    return new StoreError(
      `${where} comes to ${found || 'nothing'}, its windows to ${wanted}: another process may roll it up as well`,
      true,
    );
  }

  private mark(hourMs: number): Promise<void> {
    return this.buckets.hours.write(rolledLine(hourMs + HOUR_MS, hourMs));
  }

  /** What a process that ended before it was done left there under other names, or one that runs. */
  private async clear({ hourMs }: Hour): Promise<void> {
    for (const measurement of measurements)
      await this.buckets.hours.delete(measurement, hourMs, hourMs + HOUR_MS - 1);
  }

  /** @returns `wanted`: the totals of its windows, asked for by themselves: nothing that was left out here is left out there */
  private async write(hour: Hour) {
    const most = this.plan.rollup.requestLines ?? REQUEST_LINES;
    const lines: string[] = [];
    let points = 0;
    const add = async (rows: readonly HourRow[]) => {
      lines.push(...rows.map((row) => hourLine(row, hour.hourMs)));
      points += rows.length;
      while (lines.length >= most) await this.send(lines.splice(0, most));
    };
    const nodes = await nodesOf(this.askWindows, hour);
    for (const node of nodes) await add(await cgroupRows(this.askWindows, hour, node, this.catalog));
    const ofNodes = await nodeRows(this.askWindows, hour);
    await add(ofNodes);
    if (lines.length > 0) await this.send(lines);
    const wanted = String(await counterTotals(this.askWindows, hour, ofNodes));
    return { nodes: nodes.length, points, wanted };
  }

  private send(lines: readonly string[]): Promise<void> {
    this.signal.throwIfAborted();
    return this.buckets.hours.write(lines.join('\n'));
  }
}
