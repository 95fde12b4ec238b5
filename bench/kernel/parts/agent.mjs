/** The agent at work beside Debian's node-exporter: processor time and memory over minutes. */
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../../../scripts/lib/child.mjs';
import { makeCgroups } from '../lib/cgroups.mjs';
import { built, nodeExporter } from '../lib/setup.mjs';
import { Watch } from '../lib/watch.mjs';
import { root } from '../../../scripts/lib/steps.mjs';

const WINDOW_MS = 10_000;
const SAMPLE_MS = 2_000;
const WARM_UP_MS = 60_000;
const START_LIMIT_MS = 60_000;
const LOOKUPS = 4;
const PERIOD_MS = 1000;
const MOST_CPU_PERCENT = 0.5;
const MOST_RSS_MIB = 80;
/** Of V8's old generation 3 MiB come and go with its collections: the medians of two spans may catch it at half of that. */
const MOST_GROWTH_MIB = 2;

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function get(url) {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${text}`);
  return text;
}

async function answering(child, url) {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await get(url);
    } catch (error) {
      if (child.ended || Date.now() > deadline)
        throw new Error(`${child.name}: ${child.stderr || error.message}`);
      await sleep(50);
    }
  }
}

async function startAgent(scope, work) {
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ['--transport', 'embedded', '--window', `${WINDOW_MS}ms`, '--kubernetes', 'off'];
  const where = ['--data-dir', join(work, 'agent'), '--agent-listen', address, '--log-level', 'warn'];
  const bin = join(root, 'cli/bin/dentryscope.mjs');
  const args = [bin, 'agent', ...flags, ...where];
  const child = new Child(scope, process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await answering(child, `http://${address}/readyz`);
  return { child, metrics: `http://${address}/metrics` };
}

async function startExporter(scope) {
  const { path, version } = await nodeExporter();
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--web.listen-address=${address}`];
  const child = new Child(scope, path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const metrics = `http://${address}/metrics`;
  await answering(child, metrics);
  return { child, metrics, version };
}

async function startBusy({ args, scope, folder, work }) {
  const dir = join(work, 'busy');
  mkdirSync(dir);
  scope.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cgroups = makeCgroups(folder, 'busy', args.busy);
  const numbers = [Math.ceil(args.dentries / args.busy), LOOKUPS, PERIOD_MS].map(String);
  const child = new Child(scope, join(built, 'busy'), [dir, ...numbers, ...cgroups]);
  await child.line();
  return child;
}

/** Samples both, and scrapes the exporter once a window, as a Prometheus would. */
async function watch(args, agent, exporter, say) {
  const watches = [new Watch(agent.child.pid), new Watch(exporter.child.pid)];
  const started = performance.now();
  const durationMs = args.minutes * 60_000;
  for (let i = 0; performance.now() - started < durationMs; i += 1) {
    if ((i * SAMPLE_MS) % WINDOW_MS === 0) await get(exporter.metrics);
    for (const one of watches) one.sample();
    const elapsedMs = performance.now() - started;
    say(`${(elapsedMs / 60_000).toFixed(1)} of ${args.minutes} minutes`);
    await sleep(Math.max(0, started + (i + 1) * SAMPLE_MS - performance.now()));
  }
  for (const one of watches) one.sample();
  const warmUpMs = Math.min(WARM_UP_MS, durationMs / 3);
  return {
    warmUpMs,
    durationMs,
    agent: watches[0].figures(warmUpMs),
    exporter: watches[1].figures(warmUpMs),
  };
}

function metric(text, name) {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].map(
    (match) => match[1],
  );
  return values.reduce((sum, value) => sum + Number(value), 0);
}

/** An agent that did nothing would be cheap. */
async function whatItDid(agent) {
  const text = await get(agent.metrics);
  return { windows: metric(text, 'agent_windows_total'), dentries: metric(text, 'dentry_alloc_total') };
}

/** From the second sixth on: in the first one code and caches settle. */
const growthMiB = ({ rssMiBBySixth }) => rssMiBBySixth.at(-1) - rssMiBBySixth[1];

export async function agent(context) {
  const { args, scope, work, say } = context;
  const ours = await startAgent(scope, work);
  const theirs = await startExporter(scope);
  say(`${args.busy} busy cgroups, ${args.dentries} dentries`);
  const busy = await startBusy(context);
  const before = await whatItDid(ours);
  const figures = await watch(args, ours, theirs, say);
  const after = await whatItDid(ours);
  const did = { windows: after.windows - before.windows, dentries: after.dentries - before.dentries };
  const leastWindows = Math.floor(figures.durationMs / WINDOW_MS) - 1;
  if (did.windows < leastWindows)
    throw new Error(
      `the agent closed ${did.windows} windows, at least ${leastWindows} were due: ${ours.child.stderr}`,
    );
  if (after.dentries < args.dentries)
    throw new Error(`the agent counted ${after.dentries} dentries of at least ${args.dentries}`);
  await busy.end();
  await ours.child.end('SIGTERM');
  await theirs.child.end('SIGTERM');
  return {
    ...{
      busy: args.busy,
      dentries: args.dentries,
      lookupsPerSecond: (LOOKUPS * 1000) / PERIOD_MS,
      windowMs: WINDOW_MS,
    },
    ...{ transport: 'embedded', exporterVersion: theirs.version, did },
    ...figures,
    pass: {
      cpu: figures.agent.cpuPercent <= MOST_CPU_PERCENT,
      rss: figures.agent.rssMiB <= MOST_RSS_MIB,
      flat: growthMiB(figures.agent) <= MOST_GROWTH_MIB,
    },
    wanted: { cpuPercent: MOST_CPU_PERCENT, rssMiB: MOST_RSS_MIB, growthMiB: MOST_GROWTH_MIB },
  };
}
