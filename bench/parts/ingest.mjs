/** From Kafka into InfluxDB, beside a loader that sends the same InfluxDB ready-made lines. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { batchKey, encodeBatch, topics } from '@dentryscope/contracts';
import { startInflux, startKafka } from '@dentryscope/lab';
import { openPublisher } from '@dentryscope/transport';
import { interval, spread, table, thousands, verdict, wholeSpread } from '../lib/format.mjs';
import { startPinned } from '../lib/pinned.mjs';
import { shuffler, summary } from '../lib/stats.mjs';
import { Influx } from '../ingest/influx.mjs';
import { readyMade } from '../ingest/lines.mjs';
import { windowsOf } from '../wire/record.mjs';

const WANTED_SHARE = 0.8;
/** As many windows as are asked for are a moment's; so many times that is a backlog. */
const BACKLOG = 3;
/** More would take longer than it tells. */
const MOST_ROUNDS = 10;
const CPU = { influxd: '0', others: '1' };
/** What the loader is tried with, each with the best of those before it. */
const tries = [
  ['atOnce', [1, 2, 4]],
  ['lines', [5_000, 20_000]],
];
/** In the order of time it took InfluxDB twice as long: what it does for each series and field of a request, it did more often. */
const FIRST_TRY = { lines: 10_000, atOnce: 2, order: 'series' };

async function fleet({ args, scope, work }) {
  const { nodes, cgroups, seed } = args;
  const batches = windowsOf({ nodes, cgroups, windows: BACKLOG * args.windows, seed });
  const keyed = batches.map((batch) => ({ key: batchKey(batch), value: encodeBatch(batch) }));
  const messages = keyed.map(({ value }) => value);
  const points = batches.reduce((sum, { cgroups }) => sum + cgroups.ids.length, 0);
  const kafka = await startKafka({ cpus: CPU.others });
  scope.defer(() => kafka.stop());
  const publisher = openPublisher({ transport: 'kafka', kafkaBrokers: kafka.brokers, kafkaPartitions: 12 });
  await publisher.publish(topics.deltas, keyed);
  await publisher.close();
  const file = join(work, 'lines.bin');
  writeFileSync(file, serialize(await readyMade(messages, nodes)));
  return {
    fleet: { nodes, cgroups, seed },
    messages: messages.length,
    points,
    brokers: kafka.brokers[0],
    file,
  };
}

const script = (name) => join(import.meta.dirname, '../ingest', name);

/** Each way: into a bucket of its own, which is there and empty. */
async function openWays({ scope }, { brokers, points, file }, { url, org, token }) {
  const ingester = await startPinned(scope, CPU.others, script('ours.mjs'), [
    brokers,
    points,
    url,
    org,
    token,
  ]);
  const loader = await startPinned(scope, CPU.others, script('loader.mjs'), [file, url, org, token]);
  return {
    ours: async (bucket) => JSON.parse(await ingester.ask(bucket)),
    loader: async (bucket, config) => JSON.parse(await loader.ask(JSON.stringify({ bucket, ...config }))),
    end: async () => void (await Promise.all([ingester.end(), loader.end()])),
  };
}

class Rounds {
  #count = 0;

  constructor(influx, ways, points) {
    Object.assign(this, { influx, ways, points });
  }

  /** @param look what else is asked of the bucket */
  once(way, config, look = () => undefined) {
    return this.influx.withBucket(`round-${this.#count++}`, async (bucket) => {
      const before = this.influx.cpuMs();
      const { ms, cpuMs } = await this.ways[way](bucket, config);
      const influxMs = this.influx.cpuMs() - before;
      const figures = { perSecond: (this.points * 1000) / ms, cpuUs: (cpuMs * 1000) / this.points };
      return { ...figures, influxUs: (influxMs * 1000) / this.points, seen: await look(bucket) };
    });
  }

  /** The fastest of those that are tried; the first one of all is for the compiler. */
  async bestLoader(say) {
    await this.once('loader', FIRST_TRY);
    let best = { config: FIRST_TRY, perSecond: 0 };
    for (const [field, values] of tries) {
      const base = best.config;
      for (const value of values) {
        const config = { ...base, [field]: value };
        const { perSecond } = await this.once('loader', config);
        say(`loader ${JSON.stringify(config)}: ${thousands(perSecond)} points/s`);
        if (perSecond > best.perSecond) best = { config, perSecond };
      }
    }
    return best.config;
  }

  /** @throws Error where the two ways do not store the same */
  async compare(config) {
    const look = (bucket) => this.influx.stored(bucket);
    const one = await this.once('ours', undefined, look);
    const other = await this.once('loader', config, look);
    if (one.seen !== other.seen || !/\d/.test(one.seen))
      throw new Error(`the two ways store different things: ${one.seen} ${other.seen}`);
  }
}

async function measured(context, recorded, server) {
  const { args, say } = context;
  const ways = await openWays(context, recorded, server);
  const rounds = new Rounds(new Influx(server), ways, recorded.points);
  const config = await rounds.bestLoader(say);
  await rounds.compare(config);
  const shuffle = shuffler(args.seed);
  const found = [];
  while (found.length < Math.min(args.rounds, MOST_ROUNDS)) {
    const figures = {};
    for (const way of shuffle(['ours', 'loader'])) figures[way] = await rounds.once(way, config);
    found.push(figures);
    const shown = Object.entries(figures).map(([way, { perSecond }]) => `${way} ${thousands(perSecond)}`);
    say(`round ${found.length}: ${shown.join(', ')} points/s`);
  }
  await ways.end();
  return { config, found };
}

export async function ingest(context) {
  context.say('recording');
  const recorded = await fleet(context);
  const server = await startInflux({ cpus: CPU.influxd });
  context.scope.defer(() => server.stop());
  const { config, found } = await measured(context, recorded, server);
  await server.stop();
  const over = (compute) => summary(found.map(compute));
  const each = (field) => ({
    ours: over(({ ours }) => ours[field]),
    loader: over(({ loader }) => loader[field]),
  });
  const share = over(({ ours, loader }) => ours.perSecond / loader.perSecond);
  const { fleet: of, messages, points } = recorded;
  const figures = { perSecond: each('perSecond'), cpuUs: each('cpuUs'), influxUs: each('influxUs'), share };
  return {
    fleet: of,
    messages,
    points,
    config,
    ...figures,
    wanted: WANTED_SHARE,
    pass: share.median >= WANTED_SHARE,
  };
}

const percent = (share) =>
  interval({ median: 100 * share.median, low: 100 * share.low, high: 100 * share.high }, ' %');

export const verdicts = ({ perSecond, share, wanted, pass }) =>
  `${verdict(pass)}  ${thousands(perSecond.ours.median)} points/s from Kafka into InfluxDB on one core, ${percent(share)} of ` +
  `what it takes of ready-made lines; wanted: ${100 * wanted} %\n`;

/** The text between the page's marks, without the machine. */
export function section({
  fleet: of,
  messages,
  points,
  config,
  perSecond,
  cpuUs,
  influxUs,
  share,
  wanted,
  pass,
}) {
  const row = (way, what) => [what, wholeSpread(perSecond[way]), spread(cpuUs[way]), spread(influxUs[way])];
  const order = { time: 'window by window', series: 'series by series' }[config.order];
  return [
    table(
      [
        '',
        'points a second, median (quartiles)',
        'its µs of processor time a point',
        'µs of influxd’s a point',
      ],
      [row('ours', 'the ingester, from Kafka'), row('loader', 'the loader, of ready-made lines')],
    ),
    `${thousands(points)} points of ${thousands(messages)} messages of ${of.nodes} nodes with ${of.cgroups} cgroups, seed ` +
      `${of.seed}, each round as new series; ${share.rounds} rounds. The loader was fastest with ${thousands(config.lines)} lines a ` +
      `request, ${config.atOnce} at once, ${order}. The ingester reaches ${percent(share)} of its rate; wanted ` +
      `${100 * wanted} %: **${verdict(pass)}**.`,
  ];
}
