/** A real InfluxDB behind a proxy that fails when it is told to. */
import { startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore } from '@dentryscope/store';
import type { InfluxStore } from '@dentryscope/store';
import { FaultProxy } from './fault-proxy.js';

export class BehindProxy {
  /** Of the store that was opened last. */
  bucket = '';
  #count = 0;

  private constructor(
    readonly influx: RunningInflux,
    readonly proxy: FaultProxy,
  ) {}

  static async start(): Promise<BehindProxy> {
    const influx = await startInflux();
    return new BehindProxy(influx, await FaultProxy.start(influx.url));
  }

  /** On a bucket of its own, which is there. */
  async open(writeTimeoutMs = 30_000): Promise<InfluxStore> {
    const { org, token } = this.influx;
    this.bucket = `b${this.#count++}`;
    const store = await openInfluxStore({
      org,
      token,
      url: this.proxy.url,
      bucket: this.bucket,
      writeTimeoutMs,
    });
    await store.reader.ping();
    return store;
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.influx.stop();
  }
}
