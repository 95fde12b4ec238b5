/** Memory of an ingester that always has a backlog: an hour's windows of a large fleet. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { topics } from '@dentryscope/contracts';
import { openPublisher } from '@dentryscope/transport';
import { Child } from '../../scripts/lib/child.mjs';
import { Scope } from '../../scripts/lib/scope.mjs';
import { digits, table, thousands, verdict } from '../lib/format.mjs';
import { median } from '../lib/stats.mjs';
import { root } from '../../scripts/lib/steps.mjs';
import { recorded } from '../memory/fleet.mjs';
import { systems } from '../memory/systems.mjs';

const MOST_MB = 300;
/** What the end may be above the second tenth: pages that malloc and V8 keep, not something that grows with windows. */
const GROWN_LEAST_MB = 15;
const FLEET = { nodes: 1000, cgroups: 250 };
const WINDOW_SECONDS = 10;
/** Of windows: fewer have no tenths. */
const EMBEDDED_LEAST = 20;
const LOOK_EVERY_MS = 250;
/** Of messages: more than the ingester takes at once, less than the log's bound. */
const MOST_LAG = 3000;
const A_PUBLISH = 100;
const MOST_TRIES = 100;

/** Started as an operator does. @returns the process, and the address of its metrics */
async function startIngester(scope, work, more) {
  const env = {
    ...process.env,
    ...more,
    DENTRYSCOPE_DATA_DIR: work,
    DENTRYSCOPE_INGESTER_LISTEN: '127.0.0.1:0',
    DENTRYSCOPE_KUBERNETES: 'off',
  };
  const bin = join(root, 'cli/bin/dentryscope.mjs');
  const child = new Child(scope, process.execPath, [bin, 'ingester'], { env });
  const lines = createInterface({ input: child.process.stderr });
  for await (const line of lines) {
    const match = /"address":"(http[^"]+)"/.exec(line);
    if (match) return { child, address: match[1] };
  }
  throw new Error(`the ingester ended: ${child.stderr}`);
}

async function metric(address, name) {
  const text = await (await fetch(`${address}/metrics`)).text();
  const match = new RegExp(`^${name} (\\S+)$`, 'm').exec(text);
  if (!match) throw new Error(`${address}/metrics has no ${name}`);
  return Number(match[1]);
}

const status = (pid, field) => {
  const kb = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
  return (Number(kb) * 1024) / 1e6;
};

/** A busy broker may be late; what came twice is written twice to the same effect. */
async function published(publisher, messages) {
  for (let tries = 1; ; tries += 1)
    try {
      return await publisher.publish(topics.deltas, messages);
    } catch (error) {
      if (!error.retryable || tries >= MOST_TRIES) throw error;
      await sleep(LOOK_EVERY_MS);
    }
}

/** Sends all windows, never more than MOST_LAG messages ahead. @param onLook told how many were taken so far */
async function feed(publisher, { messages, windows }, taken, onLook) {
  let sent = 0;
  const until = async (most) => {
    for (;;) {
      const done = await taken();
      onLook(done);
      if (sent - done <= most) return;
      await sleep(LOOK_EVERY_MS);
    }
  };
  for (let window = 0; window < windows; window += 1) {
    const all = messages(window);
    for (let at = 0; at < all.length; at += A_PUBLISH) {
      const some = all.slice(at, at + A_PUBLISH);
      await published(publisher, some);
      sent += some.length;
    }
    await until(MOST_LAG);
  }
  await until(0);
  return sent;
}

/** One system's ingester through its windows. */
async function measure({ args, scope, work, say }, name, windows) {
  const fleet = { ...FLEET, windows, seed: args.seed };
  say(`${name}: recording ${fleet.nodes} nodes of ${fleet.cgroups} cgroups`);
  const { rows, messages } = recorded(fleet);
  const own = new Scope();
  const close = scope.defer(() => own.close());
  const folder = join(work, name);
  mkdirSync(folder);
  const { settings, env } = await systems[name]({ scope: own, work: folder });
  const publisher = openPublisher(settings);
  own.defer(() => publisher.close());
  const { child, address } = await startIngester(own, folder, env);
  const samples = [];
  const startedMs = performance.now();
  const look = (done) => {
    samples.push({ done, rssMb: status(child.pid, 'VmRSS') });
    say(
      `${name}: ${thousands(done)} of ${thousands(fleet.nodes * fleet.windows)} windows, ${digits(samples.at(-1).rssMb)} MB`,
    );
  };
  const taken = () => metric(address, 'ingester_windows_total');
  const sent = await feed(publisher, { messages, windows }, taken, look);
  const seconds = (performance.now() - startedMs) / 1000;
  const mostMb = status(child.pid, 'VmHWM');
  await child.end('SIGTERM');
  await close();
  return {
    fleet,
    mostMb,
    secondTenthMb: tenth(samples, sent, 1),
    lastTenthMb: tenth(samples, sent, 9),
    messages: sent,
    rows: Math.round(rows * windows),
    seconds,
    timesAsFast: (windows * WINDOW_SECONDS) / seconds,
  };
}

function tenth(samples, sent, n) {
  const of = samples.filter(({ done }) => done > (sent * n) / 10 && done <= (sent * (n + 1)) / 10);
  if (of.length === 0)
    throw new Error('too few windows to look at their tenths: more --memory-windows are needed');
  return median(of.map(({ rssMb }) => rssMb));
}

export async function memory(context) {
  const windows = context.args.memoryWindows;
  const fleet = await measure(context, 'fleet', windows);
  const embedded = await measure(context, 'embedded', Math.max(EMBEDDED_LEAST, Math.round(windows / 10)));
  const pass = {
    most: fleet.mostMb <= MOST_MB,
    flat: fleet.lastTenthMb - fleet.secondTenthMb <= GROWN_LEAST_MB,
  };
  return { fleet, embedded, pass, wanted: { mostMb: MOST_MB, grownMb: GROWN_LEAST_MB } };
}

export const verdicts = ({ fleet, embedded, pass, wanted }) =>
  `${verdict(pass.most)}  RSS at most ${digits(fleet.mostMb)} MB; wanted: ${wanted.mostMb}\n` +
  `${verdict(pass.flat)}  ${digits(fleet.secondTenthMb)} MB in the second tenth, ${digits(fleet.lastTenthMb)} MB in the last; ` +
  `wanted: ${wanted.grownMb} more at most\n` +
  `      embedded, DuckDB in the process: at most ${digits(embedded.mostMb)} MB\n`;

const row = (what, { mostMb, secondTenthMb, lastTenthMb, messages, rows, seconds, timesAsFast }) => [
  what,
  ...[mostMb, secondTenthMb, lastTenthMb].map(digits),
  thousands(messages),
  thousands(rows),
  `${thousands(seconds)} s, ${digits(timesAsFast)} times`,
];

/** The text between the page's marks, without the machine. */
export function section({ fleet, embedded, pass, wanted }) {
  const head = [
    'RSS in MB',
    'at most',
    'second tenth',
    'last tenth',
    'messages',
    'rows',
    'taken in, of real time',
  ];
  return [
    table(head, [
      row('Kafka to (a stand-in for) InfluxDB', fleet),
      row('embedded, DuckDB in the process', embedded),
    ]),
    `${thousands(fleet.fleet.nodes)} nodes with ${fleet.fleet.cgroups} cgroups, seed ${fleet.fleet.seed}. Wanted: at most ` +
      `${wanted.mostMb} MB: **${verdict(pass.most)}**; in the last tenth of the windows at most ${wanted.grownMb} MB more ` +
      `than in the second (medians): **${verdict(pass.flat)}**.`,
  ];
}
