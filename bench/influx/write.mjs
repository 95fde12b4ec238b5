/**
 * Writes a record's messages to InfluxDB in rounds: `write.mjs FILE ROUNDS SEED URL ORG TOKEN`; a line of JSON a round.
 * In a process of its own, whose processor time is all that is counted.
 */
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import { WindowMemory, cgroupMetrics, decodeBatch, decodeWindow } from '@dentryscope/contracts';
import { openInfluxStore } from '@dentryscope/store';
import { cpuMsSince } from '../lib/processor-time.mjs';
import { shuffler } from '../lib/stats.mjs';

const [file, rounds, seed, url, org, token] = process.argv.slice(2);
const { messages, atOnce } = deserialize(readFileSync(file));
const points = messages.reduce((sum, bytes) => sum + decodeBatch(bytes).cgroups.ids.length, 0);

const memory = new WindowMemory();
const ours = await openInfluxStore({ url, org, token, bucket: 'ours' });

/** As the ingester: what the broker gave at once, decoded and written together. */
async function together() {
  for (let from = 0; from < messages.length; from += atOnce) {
    const some = messages.slice(from, from + atOnce);
    await ours.writer.write(some.map((bytes) => decodeWindow(bytes, memory)));
    memory.reuse();
  }
}

/** As the client's examples: a message after the other, a Point a cgroup, the WriteApi as it is by default. */
async function oneByOne() {
  const writeApi = new InfluxDB({ url, token }).getWriteApi(org, 'plain', 'ms');
  for (const bytes of messages) eachMessage(writeApi, decodeBatch(bytes));
  await writeApi.close();
}

function eachMessage(writeApi, { cluster, node, bootId, windowStartMs, cgroups }) {
  const counted = cgroupMetrics.filter(({ column }) => cgroups[column].length > 0);
  for (const [at, id] of cgroups.ids.entries()) {
    const point = new Point('cgroup').tag('boot', bootId).tag('cgroup', String(id));
    point.tag('cluster', cluster).tag('node', node).timestamp(Number(windowStartMs));
    for (const { name, column } of counted) point.intField(name, Number(cgroups[column][at]));
    writeApi.writePoint(point);
  }
}

const ways = { ours: together, plain: oneByOne };

async function usPerPoint(way) {
  const before = process.cpuUsage();
  await way();
  return (cpuMsSince(before) * 1000) / points;
}

/** Of each bucket the number of points and the sum of their first counter: the two ways have to store the same. */
async function stored(bucket) {
  const flux =
    `from(bucket: "${bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "cgroup") ` +
    '|> group(columns: ["_field"]) |> reduce(identity: {n: 0, sum: 0}, fn: (r, accumulator) => ' +
    '({n: accumulator.n + 1, sum: accumulator.sum + r._value}))';
  const rows = await new InfluxDB({ url, token, timeout: 120_000 }).getQueryApi(org).collectRows(flux);
  return rows.map(({ _field, n, sum }) => [_field, n, sum]).sort();
}

const shuffle = shuffler(Number(seed));
const WARM_UP = 3;
for (let round = 0; round < WARM_UP + Number(rounds); round++) {
  const figures = {};
  for (const way of shuffle(Object.keys(ways))) figures[way] = await usPerPoint(ways[way]);
  if (round === 0) {
    const [one, other] = [JSON.stringify(await stored('ours')), JSON.stringify(await stored('plain'))];
    if (one !== other || one === '[]')
      throw new Error(`the two ways store different things: ${one} ${other}`);
    process.stdout.write(`${JSON.stringify({ points })}\n`);
  }
  if (round >= WARM_UP) process.stdout.write(`${JSON.stringify(figures)}\n`);
}
await ours.close();
