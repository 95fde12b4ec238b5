/**
 * `ours.mjs BROKERS ROWS URL ORG TOKEN`: for each line `BUCKET` on standard input an ingester of a group of its own takes all
 * that lies in Kafka into that bucket. Says how long that took, from its first messages to the last acknowledgement of
 * InfluxDB: joining the group is no part of it, committing all but the last offsets is.
 */
import { createInterface } from 'node:readline';
import { topics } from '@dentryscope/contracts';
import { startIngester } from '@dentryscope/ingester';
import { createLogger } from '@dentryscope/runtime';
import { openInfluxStore } from '@dentryscope/store';
import { openConsumer, openPublisher } from '@dentryscope/transport';

const [brokers, rows, url, org, token] = process.argv.slice(2);
/** As the command `ingester` sets it. */
const PARTITIONS_AT_ONCE = 2;
const settings = { transport: 'kafka', store: 'influx', kafkaBrokers: [brokers], kafkaPartitions: 12 };
const deadLetters = openPublisher(settings);

/** A writer that says when so many rows are in. */
function counted(writer, done) {
  let left = Number(rows);
  return {
    write: async (batches) => {
      await writer.write(batches);
      left -= batches.reduce((sum, { cgroups }) => sum + (cgroups?.ids.length ?? 0), 0);
      if (left <= 0) done();
    },
  };
}

/** The group's, with a word at the first messages. */
function consumerOf(group, onFirst) {
  const consumer = openConsumer(settings, topics.deltas, group, { partitionsAtOnce: PARTITIONS_AT_ONCE });
  const run = (handle) =>
    consumer.run((messages) => {
      onFirst();
      return handle(messages);
    });
  return { run, lag: () => consumer.lag(), status: () => consumer.status(), close: () => consumer.close() };
}

async function drain(bucket) {
  const store = await openInfluxStore({ url, org, token, bucket });
  let [startedMs, cpu, ingester] = [];
  const onFirst = () => {
    startedMs ??= performance.now();
    cpu ??= process.cpuUsage();
  };
  await new Promise((resolve, reject) => {
    ingester = startIngester({
      settings,
      logger: createLogger('bench', 'warn'),
      consumer: consumerOf(`bench-${bucket}`, onFirst),
      deadLetters,
      writer: counted(store.writer, resolve),
    });
    ingester.finished.catch(reject);
  });
  const ms = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  await ingester.close();
  await store.close();
  return { ms, cpuMs: (user + system) / 1000 };
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await drain(line))}\n`);
await deadLetters.close();
