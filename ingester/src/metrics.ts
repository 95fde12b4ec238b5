/** The ingester's own figures. */
import { Counter, Gauge, Histogram } from '@dentryscope/runtime';
import type { Registry } from '@dentryscope/runtime';
import type { Consumer } from '@dentryscope/transport';

/** Why a message was given up: it is no NodeBatch, it says what can't be, or the store will never take it. */
export type ReasonClass = 'unreadable' | 'invalid' | 'refused';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const DELAYS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 300, 3600, 86400];

export type IngesterMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const rolledUntil = new Gauge({
    name: 'ingester_influx_rolled_until_timestamp_seconds',
    help: 'Before it, windows in InfluxDB are rolled up by the hour (dentryscope rollup). Absent where none are, and where it cannot be known.',
    registers,
  });
  rolledUntil.remove(); // it would begin as 0
  return {
    windows: counter('ingester_windows_total', 'Windows made durable, those that came again included.'),
    rows: counter('ingester_rows_total', 'Cgroup rows in those windows.'),
    deadLetters: new Counter({
      name: 'ingester_dead_letters_total',
      help: 'Messages published to the dead-letter topic.',
      labelNames: ['reason'] as const,
      registers,
    }),
    writeSeconds: new Histogram({
      name: 'ingester_write_seconds',
      help: 'Time of one write to the store that succeeded.',
      buckets: SECONDS,
      registers,
    }),
    delaySeconds: new Histogram({
      name: 'ingester_end_to_end_delay_seconds',
      help: "From a window's end by the node's clock to its being durable by this one's; 0 where the clocks disagree.",
      buckets: DELAYS,
      registers,
    }),
    storeRetries: counter(
      'ingester_store_retries_total',
      'Writes to the store that failed and were tried again.',
    ),
    series: new Gauge({
      name: 'ingester_influx_series',
      help: 'Series in the InfluxDB bucket, by its own count (docs/reliability.md); the same from every ingester. Absent where it cannot be known.',
      labelNames: ['bucket'] as const,
      registers,
    }),
    rolledUntil,
    expired: counter(
      'ingester_influx_expired_points_total',
      'Points that came later than the InfluxDB bucket keeps them, or than their hour can be rolled up, and were left out; those that came again included.',
    ),
    names: counter('ingester_names_total', 'Names of pods and containers made durable.'),
    namesRefused: counter(
      'ingester_names_refused_total',
      'Names that the store will never take; each is logged.',
    ),
  };
}

/** The gauge is asked for when it is scraped; without a value while the lag is unknown. */
export function exportLag(registry: Registry, consumer: Consumer): void {
  new Gauge({
    name: 'ingester_lag_messages',
    help: "Messages not yet committed, over this consumer's partitions.",
    registers: [registry],
    async collect() {
      const lag = await consumer.lag().catch(() => undefined);
      this.set(lag === undefined ? NaN : Number(lag));
    },
  });
}
