import type { WindowBatch } from '@dentryscope/contracts';
import { latestInfos } from '../infos.js';
import { namedKeys } from '../names.js';
import { Queue } from '../queue.js';
import type { ContainerName, Writer } from '../types.js';
import { closedError } from './errors.js';
import { infoLines, nameLines, nodeLine, pushFigures } from './line.js';
import type { Server } from './server.js';
import { ToldLately } from './told.js';

/** Lines a request: InfluxDB's own advice is 5,000 to 10,000. */
const REQUEST_LINES = 10_000;
/** Those of infos and names are long. */
const REQUEST_LOGS = 20;

/** A write that fails may be in by half: the same again completes it, since a point of the same key is replaced. */
export class InfluxWriter implements Writer {
  private readonly running = new Set<Promise<void>>();
  /** Names in the order of the calls: the later must win. */
  private readonly names = new Queue();
  private readonly told = new ToldLately();
  private closed = false;

  constructor(private readonly server: Server) {}

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

  private async writeBatches(batches: readonly WindowBatch[]): Promise<void> {
    // Before anything is sent, so that a batch that is refused leaves nothing behind.
    const nodes = batches.map(nodeLine);
    await this.sendInfos(batches);
    let lines: string[] = [];
    for (const batch of batches) {
      pushFigures(lines, batch);
      if (lines.length < REQUEST_LINES) continue;
      await this.send(lines);
      lines = [];
    }
    await this.send([...lines, ...nodes]);
  }

  private async sendInfos(batches: readonly WindowBatch[]): Promise<void> {
    const fresh = this.told.newIn(latestInfos(batches));
    await this.log(infoLines(fresh.map(({ told }) => told)));
    this.told.add(fresh);
  }

  private async send(lines: readonly string[]): Promise<void> {
    for (let from = 0; from < lines.length; from += REQUEST_LINES)
      await this.server.write(lines.slice(from, from + REQUEST_LINES));
  }

  /** In nanoseconds, since the time that InfluxDB gives is cut to the precision of the request. */
  private async log(lines: readonly string[]): Promise<void> {
    for (let from = 0; from < lines.length; from += REQUEST_LOGS)
      await this.server.write(lines.slice(from, from + REQUEST_LOGS), 'ns');
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
