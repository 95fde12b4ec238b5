/**
 * node deploy/try-compose.mjs: starts all of docker-compose.yml on a machine that can reach no image registry, asks the
 * API, and takes everything down. Needs root, dockerd, debootstrap, a built checkout. See docs/decisions/0007.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from '@dentryscope/lab';
import { createFleet } from '@dentryscope/simulator';
import { run, startEngine } from './stand-ins/engine.mjs';
import { agentCapabilities, buildStandIns, variables } from './stand-ins/images.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(cacheRoot(), 'docker');
const compose = join(cacheRoot(), 'parts', 'compose-v2.29.7', 'docker-compose');
const BUILD_LIMIT_MS = 1_200_000;
const UP_LIMIT_S = 180;
const WINDOW_MS = 10_000;
/** After which the sums are compared. */
const WINDOWS = 4;

const startedMs = Date.now();
const say = (what) =>
  process.stderr.write(`${((Date.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'])
  process.on(name, () => stopping.abort(new Error(`ended by ${name}`)));

async function ask(path) {
  const token = readFileSync(join(root, 'deploy/demo/api-token'), 'utf8').trim();
  const answer = await fetch(`http://127.0.0.1:8080${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

async function nodeAfter(windows) {
  for (;;) {
    const node = await ask('/v1/nodes/db-01.sim?cluster=simulated');
    if (node.seq >= windows) return node;
    await sleep(1_000, undefined, { signal: stopping.signal });
  }
}

/** The simulated fleet is a pure function of its start, and that follows from any of its nodes that never vanishes. */
async function checkSums() {
  const node = await nodeAfter(WINDOWS);
  const startMs = Date.parse(node.lastSeen) - node.seq * WINDOW_MS;
  const fleet = createFleet({
    nodes: 50,
    cgroupsPerNode: 40,
    seed: 1,
    cluster: 'simulated',
    windowMs: WINDOW_MS,
    startMs,
  });
  const planted = fleet.truth({ from: 0, to: node.seq }).sum('dentries_allocated');
  const range = [startMs, startMs + node.seq * WINDOW_MS].map((ms) => new Date(ms).toISOString());
  const query = `metric=dentries_allocated&by=node&cluster=simulated&from=${range[0]}&to=${range[1]}`;
  // Partitions are read one after the other: the last window of some nodes may be on its way.
  for (let tries = 0; ; tries++) {
    const { total } = await ask(`/v1/top?${query}`);
    if (BigInt(total) === planted)
      return say(`sums: ${node.seq} windows, ${total} dentries allocated, as planted`);
    if (tries === 20) throw new Error(`the API says ${total} dentries allocated, ${planted} were planted`);
    await sleep(1_000);
  }
}

async function checkAgent() {
  const { hooks, degraded, dentries } = await ask(`/v1/nodes/${hostname()}`);
  say(
    `agent: ${dentries} dentries; ${hooks.map((hook) => `${hook.hook} ${hook.backend ?? 'none'}`).join(', ')}`,
  );
  for (const why of degraded) say(`agent: ${why}`);
}

/** What this machine and its engine have no place for: some capabilities, a network for builds. */
async function overrides(host) {
  const capabilities = await agentCapabilities(host);
  const services = ['ingester', 'api', 'simulator'].map((name) => `  ${name}: { build: { network: host } }`);
  const agent = `  agent: { build: { network: host }, cap_add: !override [${capabilities}] }`;
  return ['services:', ...services, agent, ''].join('\n');
}

const engine = await startEngine(folder);
const override = join(folder, 'override.yml');
const env = { DOCKER_HOST: engine.host, ...variables };
const composed = (args, options) =>
  run(
    compose,
    ['--project-directory', root, '-f', join(root, 'docker-compose.yml'), '-f', override, ...args],
    env,
    options,
  );
const { signal } = stopping;
try {
  if (!existsSync(compose))
    throw new Error(`${compose} is missing: npx vitest run test/compose.test.ts builds it`);
  await buildStandIns(engine.host, say);
  writeFileSync(override, await overrides(engine.host));
  say('images of dentryscope');
  await composed(['build'], { limitMs: BUILD_LIMIT_MS, signal });
  say('up, until all are healthy');
  await composed(['up', '--detach', '--wait', '--wait-timeout', String(UP_LIMIT_S)], { signal });
  await checkSums();
  await checkAgent();
} finally {
  say('down');
  await composed(['down', '--volumes', '--timeout', '30']).catch((error) => say(error.message));
  await engine.stop();
  rmSync(override, { force: true });
}
