/** The InfluxDB writer beside the client's own way: processor time of a point, on a real InfluxDB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { startInflux } from '@dentryscope/lab';
import { Child } from '../../scripts/lib/child.mjs';
import { digits, interval, spread, table, thousands, verdict } from '../lib/format.mjs';
import { summary } from '../lib/stats.mjs';
import { record } from '../wire/record.mjs';

const LEAST_TIMES = { cheaper: 5 };

async function plainBucket({ url, org, token }) {
  const headers = { authorization: `Token ${token}` };
  const ask = async (path, init) => (await fetch(`${url}/api/v2/${path}`, { headers, ...init })).json();
  const { orgs } = await ask(`orgs?org=${org}`);
  const body = JSON.stringify({ orgID: orgs[0].id, name: 'plain', retentionRules: [] });
  await ask('buckets', { method: 'POST', body });
}

async function write({ args, scope, work, say }) {
  const file = join(work, 'influx.bin');
  say(`recording ${args.nodes} nodes of ${args.cgroups} cgroups, ${args.windows} windows`);
  const messages = record(args).map(({ whole }) => whole);
  writeFileSync(file, serialize({ messages, atOnce: args.nodes }));
  const server = await startInflux();
  scope.defer(() => server.stop());
  await plainBucket(server);
  const script = join(import.meta.dirname, '../influx/write.mjs');
  const flags = [file, args.rounds, args.seed, server.url, server.org, server.token].map(String);
  const child = new Child(scope, process.execPath, [script, ...flags]);
  const { points } = JSON.parse(await child.line());
  const rounds = [];
  while (rounds.length < args.rounds) {
    rounds.push(JSON.parse(await child.line()));
    say(`round ${rounds.length}/${args.rounds}`);
  }
  await child.end();
  await server.stop();
  return { points, messages: messages.length, rounds };
}

export async function influx(context) {
  const { points, messages, rounds } = await write(context);
  const { nodes, cgroups, seed } = context.args;
  const over = (compute) => summary(rounds.map(compute));
  const usPerPoint = Object.fromEntries(['ours', 'plain'].map((way) => [way, over((round) => round[way])]));
  const cheaper = over((round) => round.plain / round.ours);
  const pass = { cheaper: cheaper.median >= LEAST_TIMES.cheaper };
  return {
    fleet: { nodes, cgroups, seed },
    points,
    messages,
    usPerPoint,
    cheaper,
    pass,
    wanted: LEAST_TIMES,
  };
}

export const verdicts = ({ usPerPoint, cheaper, pass, wanted }) =>
  `${verdict(pass.cheaper)}  a point takes ${digits(usPerPoint.ours.median)} µs to decode and write, ${interval(cheaper)} ` +
  `times less than by the client's Point and WriteApi; wanted: ${wanted.cheaper}\n`;

/** The text between the page's marks, without the machine. */
export function section({ fleet, points, messages, usPerPoint, cheaper, pass, wanted }) {
  return [
    table(
      ['', 'µs of processor time a point, median (quartiles)'],
      [
        ['the ingester’s writer, with the nodes’ figures and names of cgroups', spread(usPerPoint.ours)],
        ['a message after the other, `Point`, the `WriteApi` as it is', spread(usPerPoint.plain)],
      ],
    ),
    `${thousands(points)} points of ${thousands(messages)} messages of ${fleet.nodes} nodes with ${fleet.cgroups} cgroups, seed ${fleet.seed}; ` +
      `${cheaper.rounds} rounds. The writer is ${interval(cheaper)} times cheaper; wanted ${wanted.cheaper}: ` +
      `**${verdict(pass.cheaper)}**.`,
  ];
}
