import { checkSeries, checkTop } from '../request.js';
import type {
  Cap,
  Gap,
  GapsRequest,
  NodeRecord,
  NodesRequest,
  Reader,
  SeriesRequest,
  SeriesResult,
  TopRequest,
  TopResult,
} from '../types.js';
import { Catalog } from './catalog.js';
import { closedError } from './errors.js';
import { quoted } from './flux.js';
import type { Ask } from './flux.js';
import { gaps } from './gaps.js';
import { nodes } from './nodes.js';
import type { Past } from './rollup/past.js';
import { hoursSeries, hoursTop } from './rollup/read.js';
import type { Split } from './rollup/split.js';
import { inOrder, windowSteps } from './series.js';
import type { Server } from './server.js';
import { cgroupTop, nodeTop, onlyLater, topResult } from './top.js';
import type { Row } from './top.js';
import { needsNames } from './wanted.js';

const PING_LIMIT_MS = 5_000;

/** The bucket of hours: its server makes none that is missing. */
export interface HoursBucket {
  readonly server: Server;
  readonly past: Past;
}

export class InfluxReader implements Reader {
  private readonly running = new Set<Promise<unknown>>();
  private readonly catalog: Catalog;
  private closed = false;

  constructor(
    private readonly server: Server,
    private readonly bucket: string,
    /** Unix milliseconds; windows that start earlier may be gone. */
    private readonly keptFromMs: () => number,
    /** undefined: nothing is rolled up. */
    private readonly hours?: HoursBucket,
  ) {
    this.catalog = new Catalog(server, bucket);
  }

  async top(request: TopRequest, cap: Cap): Promise<TopResult> {
    checkTop(request);
    if (!(request.fromMs < request.toMs)) return { rows: [] };
    return this.track(cap, async (ask, askHours) => {
      const { hours, windows, widened } = await this.split(request, askHours);
      const older = hours ? await hoursTop(askHours, this.hours!.past.bucket, hours) : [];
      const newer = windows ? await this.windowsTop(ask, windows, cap) : [];
      const rows = request.metric.kind === 'gauge' ? onlyLater(older, newer) : [...older, ...newer];
      return { ...topResult(rows, request), ...(widened && { widened }) };
    });
  }

  private async windowsTop(ask: Ask, request: TopRequest, cap: Cap): Promise<Row[]> {
    if (request.metric.level === 'node') return nodeTop(ask, this.bucket, request);
    if (request.by !== 'node' || needsNames(request.filter)) await this.catalog.refresh(cap.signal);
    return cgroupTop(ask, this.bucket, request, this.catalog);
  }

  async series(request: SeriesRequest, cap: Cap): Promise<SeriesResult> {
    checkSeries(request);
    if (!(request.fromMs < request.toMs)) return { steps: [] };
    return this.track(cap, async (ask, askHours) => {
      const { hours, windows, widened } = await this.split(request, askHours);
      if (windows && needsNames(request.filter)) await this.catalog.refresh(cap.signal);
      const steps = [
        ...(hours ? await hoursSeries(askHours, this.hours!.past.bucket, hours) : []),
        ...(windows ? await windowSteps(ask, this.bucket, windows, this.catalog) : []),
      ];
      return { steps: inOrder(steps, request), ...(widened && { widened }) };
    });
  }

  private async split<R extends TopRequest | SeriesRequest>(request: R, askHours: Ask): Promise<Split<R>> {
    return this.hours ? this.hours.past.split(request, askHours) : { windows: request };
  }

  nodes(request: NodesRequest, cap: Cap): Promise<readonly NodeRecord[]> {
    return this.track(cap, (ask) => nodes(ask, this.bucket, request));
  }

  async gaps(request: GapsRequest, cap: Cap): Promise<readonly Gap[] | null> {
    if (request.fromMs < this.keptFromMs()) return null;
    if (!(request.fromMs < request.toMs)) return [];
    return this.track(cap, (ask) => gaps(ask, this.bucket, request));
  }

  /** A question that needs everything a real one needs: address, token, organization and bucket. */
  async ping(): Promise<void> {
    if (this.closed) throw closedError();
    await this.server.queryWithin(
      PING_LIMIT_MS,
      `from(bucket: ${quoted(this.bucket)}) |> range(start: -1ms)`,
      [],
    );
  }

  /** Waits for the queries under way. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.running);
  }

  private async track<T>({ signal }: Cap, task: (ask: Ask, askHours: Ask) => Promise<T>): Promise<T> {
    if (this.closed) throw closedError();
    signal.throwIfAborted();
    const running = task(
      (flux, columns) => this.server.query(flux, columns, signal),
      (flux, columns) => (this.hours?.server ?? this.server).query(flux, columns, signal),
    );
    this.running.add(running);
    return running.finally(() => this.running.delete(running));
  }
}
