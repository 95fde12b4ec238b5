import type { WindowBatch } from '@dentryscope/contracts';
import { HOUR_MS } from '../hour.js';
import { latestInfos } from '../infos.js';
import { namedKeys } from '../names.js';
import { Queue } from '../queue.js';
import { StoreError } from '../types.js';
import type { ContainerName, ExpiredListener, Writer } from '../types.js';
import { closedError, expiredPoints } from './errors.js';
import { infoLines, nameLines, nodeLine } from './line.js';
import { refusedOf } from './refused.js';
import type { RefusedFrom } from './refused.js';
import { requests } from './requests.js';
import type { Server } from './server.js';
import { writeOrSplit } from './split.js';
import { ToldLately, repeatMs } from './told.js';

/** Lines of infos and names a request: they are long. */
const REQUEST_LOGS = 20;

/** Windows whose hour may be rolled up already. */
export interface Late {
  readonly lateMs: number;
  /** Unix milliseconds: they start before. */
  beforeMs(): number;
}

export interface InfluxWriterOptions {
  readonly onExpired: ExpiredListener;
  readonly late?: Late | undefined;
  /** What the bucket keeps, in milliseconds; undefined: all. */
  readonly retentionMs?: number | undefined;
}

/** A write that fails may be in by half: the same again completes it, since a point of the same key is replaced. */
export class InfluxWriter implements Writer {
  private readonly running = new Set<Promise<void>>();
  /** Names in the order of the calls: the later must win. */
  private readonly names = new Queue();
  private readonly told: ToldLately;
  private closed = false;

  constructor(
    private readonly server: Server,
    private readonly options: InfluxWriterOptions,
  ) {
    this.told = new ToldLately(repeatMs(options.retentionMs));
  }

  write(batches: readonly WindowBatch[]): Promise<void> {
    return this.track(() => this.writeBatches(batches));
  }

  writeNames(names: readonly ContainerName[]): Promise<void> {
    return this.track(() => this.names.run(() => this.log(nameLines(namedKeys(names)))));
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.running);
  }

  private async writeBatches(all: readonly WindowBatch[]): Promise<void> {
    const kept = this.inTime(all);
    const batches = kept.map((n) => all[n]!);
    // Before anything is sent, so that a batch that is refused leaves nothing behind.
    const nodes = batches.map(nodeLine);
    await this.sendInfos(batches);
    const refused = await this.sendFigures(batches, nodes);
    if (refused.length > 0)
      throw refusedError(
        all,
        refused.map((line) => ({ ...line, batch: kept[line.batch]! })),
      );
  }

  /** Which of them may still be added to what is there. */
  private inTime(all: readonly WindowBatch[]): number[] {
    const { late, onExpired } = this.options;
    const beforeMs = late?.beforeMs() ?? -Infinity;
    const [kept, left] = [[] as number[], [] as WindowBatch[]];
    for (const [n, batch] of all.entries())
      if (Number(batch.windowStartMs) < beforeMs) left.push(batch);
      else kept.push(n);
    const points = left.reduce((sum, { cgroups }) => sum + 1 + (cgroups?.ids.length ?? 0), 0);
    if (late && points > 0)
      onExpired(
        points,
        `${left.length} windows are older than ${late.lateMs / HOUR_MS} h: their hours may be rolled up already`,
      );
    return kept;
  }

  private async sendFigures(batches: readonly WindowBatch[], nodes: readonly string[]) {
    const refused: RefusedFrom[] = [];
    for (const request of requests(batches, nodes)) {
      const found = await writeOrSplit((lines) => this.writeLines(lines), request.body);
      refused.push(...found.map(({ line, reason }) => ({ ...request.origin(line), reason })));
    }
    return refused;
  }

  /** A dead letter of what is too old could never be replayed. */
  private async writeLines(lines: string | Buffer): Promise<void> {
    try {
      await this.server.write(lines);
    } catch (error) {
      const points = expiredPoints(error);
      if (points === 0) throw error;
      this.options.onExpired(points, (error as Error).message);
    }
  }

  private async sendInfos(batches: readonly WindowBatch[]): Promise<void> {
    const fresh = this.told.newIn(latestInfos(batches));
    await this.log(infoLines(fresh.map(({ told }) => told)));
    this.told.add(fresh);
  }

  /** In nanoseconds, since the time that InfluxDB gives is cut to the precision of the request. */
  private async log(lines: readonly string[]): Promise<void> {
    for (let from = 0; from < lines.length; from += REQUEST_LOGS)
      await this.server.write(lines.slice(from, from + REQUEST_LOGS).join('\n'), 'ns');
  }

  private async track(task: () => Promise<void>): Promise<void> {
    if (this.closed) throw closedError();
    const running = task();
    this.running.add(running);
    try {
      await running;
    } finally {
      this.running.delete(running);
    }
  }
}

function refusedError(batches: readonly WindowBatch[], lines: readonly RefusedFrom[]): StoreError {
  const refused = refusedOf(batches, lines);
  return new StoreError(refused[0]!.reason, false, { refused });
}
