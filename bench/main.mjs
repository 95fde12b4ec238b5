/** What the way from the agents to the store costs: runs the parts, prints what came out, writes docs/performance.md. */
import { typescript } from '../scripts/lib/build.mjs';
import { checkNode, npmPackages } from '../scripts/lib/setup.mjs';
import { help, readArgs } from './lib/args.mjs';
import { measuredOn } from './lib/machine.mjs';
import { command } from './lib/run.mjs';

/** The product is loaded once it has been built. Each part is a module of the part's name that says its figures too. */
async function setUp({ parts: names }) {
  checkNode();
  await npmPackages();
  await typescript();
  const loaded = await Promise.all(names.map((name) => import(`./parts/${name}.mjs`)));
  const parts = Object.fromEntries(names.map((name, n) => [name, loaded[n]]));
  return {
    load: Object.fromEntries(names.map((name) => [name, () => parts[name][name]])),
    verdicts: (name, result) => parts[name].verdicts(result),
    section: (name, result) => [...parts[name].section(result), measuredOn(result.machine)].join('\n\n'),
  };
}

await command({
  name: 'bench',
  help,
  readArgs,
  page: 'docs/performance.md',
  titles: {
    wire: 'the wire beside JSON',
    influx: 'the InfluxDB writer',
    ingest: 'from Kafka into InfluxDB',
    embedded: 'the embedded pair on one CPU',
    memory: 'memory of the ingester',
  },
  doing: 'ending',
  setUp,
  open: async () => ({}),
});
