/** What one would write first: kafkajs with auto-commit, a Point a row, the client's WriteApi, all by default. */
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import { Kafka, logLevel } from 'kafkajs';
import { decodeBatch, topics } from '@dentryscope/contracts';
import { NODE_METRIC, cgroupColumns } from './content.mjs';

const { brokers, group, influx } = JSON.parse(process.argv[2]);
const writeApi = new InfluxDB({ url: influx.url, token: influx.token }).getWriteApi(
  influx.org,
  influx.bucket,
  'ms',
);

const pointOf = (measurement, { bootId, cluster, node, windowStartMs }) =>
  new Point(measurement)
    .tag('boot', bootId)
    .tag('cluster', cluster)
    .tag('node', node)
    .timestamp(Number(windowStartMs));

function write(batch) {
  const { cgroups, state } = batch;
  writeApi.writePoint(pointOf('node', batch).intField(NODE_METRIC, Number(state.nrDentry)));
  cgroups.ids.forEach((id, at) => {
    const point = pointOf('cgroup', batch).tag('cgroup', String(id));
    for (const { name, column } of cgroupColumns) point.intField(name, Number(cgroups[column][at]));
    writeApi.writePoint(point);
  });
}

const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: group });
await consumer.connect();
await consumer.subscribe({ topic: topics.deltas, fromBeginning: true });
await consumer.run({ eachMessage: async ({ message }) => write(decodeBatch(message.value)) });
process.stdout.write('{"ready":true}\n');
process.once('SIGTERM', async () => {
  await consumer.disconnect();
  await writeApi.close();
  process.exit();
});
