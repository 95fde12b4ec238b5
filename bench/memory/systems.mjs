/** What an ingester stands between: where its messages lie, and where its rows go. */
import { join } from 'node:path';
import { startKafka } from '@dentryscope/lab';
import { Child } from '../../scripts/lib/child.mjs';

const PARTITIONS = 12;

/** The fleet's: a real Kafka, and a stand-in for InfluxDB. */
async function fleet({ scope, work }) {
  const kafka = await startKafka();
  scope.defer(() => kafka.stop());
  const sink = new Child(scope, process.execPath, [join(import.meta.dirname, 'sink.mjs')]);
  return {
    settings: { transport: 'kafka', kafkaBrokers: kafka.brokers, kafkaPartitions: PARTITIONS, dataDir: work },
    env: {
      ...kafka.env,
      DENTRYSCOPE_TRANSPORT: 'kafka',
      DENTRYSCOPE_KAFKA_PARTITIONS: String(PARTITIONS),
      DENTRYSCOPE_STORE: 'influx',
      DENTRYSCOPE_INFLUX_URL: await sink.line(),
      DENTRYSCOPE_INFLUX_TOKEN: 'any',
    },
  };
}

/** The log in SQLite, the store in DuckDB, both in the ingester's own process. */
const embedded = async ({ work }) => ({
  settings: { transport: 'embedded', kafkaBrokers: [], kafkaPartitions: 1, dataDir: work },
  env: {},
});

export const systems = { fleet, embedded };
