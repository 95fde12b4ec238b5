/** One system through one storm. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { output } from '../../scripts/lib/child.mjs';
import { root } from '../../scripts/lib/steps.mjs';
import { mulberry32 } from '../../scripts/lib/random.mjs';
import { judge } from './judge.mjs';
import { judgeReal } from './real-node.mjs';
import { storm } from './storm.mjs';
import { systems } from './systems.mjs';

/** Before the storm there must be something to lose. */
const CALM_MS = 2000;
const DRAIN_LIMIT_MS = 180_000;
/** What is late is not lost: for as long as more comes. */
const PATIENCE_MS = 45_000;
const ASK_AGAIN_MS = 1000;
/** Twice is what comes after all was there. */
const SETTLE_MS = 3000;
/** kafkajs's own group of a consumer that was killed waits 30 s for it. */
const PLAIN_READS_ON_MS = 45_000;

const sum = ({ lost, wrong }) => lost + wrong;

/** @returns the judgement once nothing is missing, or once no more comes */
async function untilThere(ask, patienceMs) {
  let best = await ask();
  for (let since = Date.now(); sum(best) > 0 && Date.now() - since < patienceMs;) {
    await sleep(ASK_AGAIN_MS);
    const next = await ask();
    if (sum(next) < sum(best)) since = Date.now();
    best = next;
  }
  await sleep(SETTLE_MS);
  return await ask();
}

/** Ends the agents, sends what is left in their spools. @returns how many windows each has made */
async function drained(system) {
  const { simulated, run } = system;
  await Promise.all(simulated.map((agent) => agent.kill('SIGKILL')));
  const limit = setTimeout(() => run.scope.close(), DRAIN_LIMIT_MS);
  const made = await Promise.all(
    simulated.map(async (_, node) => {
      const log = createWriteStream(join(run.folder, `drain-${node}.log`));
      const text = await output(run.scope, process.execPath, system.drainArgs(node), (line) =>
        log.write(line),
      );
      log.end();
      return JSON.parse(text.trim().split('\n').at(-1)).windows;
    }),
  );
  clearTimeout(limit);
  return made;
}

async function deadLetters({ env }, scope) {
  const bin = join(root, 'cli/bin/dentryscope.mjs');
  const args = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const text = await output(scope, 'env', [...args, process.execPath, bin, 'deadletter', 'list', '--json']);
  return text.split('\n').filter(Boolean).length;
}

/** @param run scope, folder, nodes, seed, kills, signal, say */
export async function runSystem(name, run) {
  mkdirSync(run.folder, { recursive: true });
  run.say(`${name}: starting`);
  const system = await systems[name](run);
  const startedMs = Date.now();
  await sleep(CALM_MS);
  const counts = await storm({
    actors: system.actors,
    kills: run.kills,
    random: mulberry32(run.seed),
    signal: run.signal,
    onFault: ({ name: actor, act, ms, killed }) =>
      run.say(`${name}: kill ${killed} of ${run.kills}, ${actor} ${act} for ${(ms / 1000).toFixed(1)} s`),
  });
  const stormSeconds = (Date.now() - startedMs) / 1000;
  run.say(`${name}: the rest is sent`);
  const made = await drained(system);
  run.say(`${name}: asking all windows back`);
  if (name === 'plain') await untilFlushed(system);
  const simulated = await untilThere(
    () => judge(system, made),
    name === 'plain' || run.fault ? 0 : PATIENCE_MS,
  );
  const real = system.real && (await untilThere(() => judgeReal(system), PATIENCE_MS));
  return {
    seed: run.seed,
    faults: counts,
    stormSeconds,
    gaveUp: Object.fromEntries(
      system.actors.filter(({ gaveUp }) => gaveUp).map((one) => [one.name, one.gaveUp]),
    ),
    simulated,
    real,
    deadLetters: name === 'plain' ? undefined : await deadLetters(system, run.scope),
  };
}

/** The client's buffer is written at its end, or after a minute. */
async function untilFlushed({ consumers }) {
  await sleep(PLAIN_READS_ON_MS);
  await Promise.all(consumers.map((consumer) => consumer.kill('SIGTERM')));
}
