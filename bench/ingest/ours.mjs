/**
 * `ours.mjs BROKERS ROWS URL ORG TOKEN`: for each line `BUCKET` on standard input an ingester of a group of its own takes all
 * that lies in Kafka into that bucket. Says how long that took, from its first messages to the last acknowledgement of
 * InfluxDB: joining the group is no part of it, committing all but the last offsets is.
 */
import { topics } from '@dentryscope/contracts';
import { PARTITIONS_AT_ONCE, startIngester } from '@dentryscope/ingester';
import { createLogger } from '@dentryscope/runtime';
import { openInfluxStore } from '@dentryscope/store';
import { openConsumer, openPublisher } from '@dentryscope/transport';
import { answerLines } from '../lib/asked.mjs';
import { counted } from '../lib/counted.mjs';
import { cpuMsSince } from '../lib/processor-time.mjs';

const [brokers, rows, url, org, token] = process.argv.slice(2);
const settings = { transport: 'kafka', store: 'influx', kafkaBrokers: [brokers], kafkaPartitions: 12 };
const deadLetters = openPublisher(settings);

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
      writer: counted(store.writer, Number(rows), resolve),
    });
    ingester.finished.catch(reject);
  });
  const ms = performance.now() - startedMs;
  const cpuMs = cpuMsSince(cpu);
  await ingester.close();
  await store.close();
  return { ms, cpuMs };
}

await answerLines(drain);
await deadLetters.close();
